import { constants } from "node:os";
import type { Readable } from "node:stream";
import { CommandError, EXIT, visible } from "@goldenring/run-kit";
import { type Machine, runOn, SSH_FAILED, shellQuote, sshCommand, sshTerminal, startProgram } from "@goldenring/stand";
import { type Context, machineOf, noStand } from "../context.ts";

const UNIT_DEADLINE_MS = 10_000;

/** A login shell, or one command, on this terminal, as ssh gives it: what the machine prints reaches the terminal unchanged. @returns the exit code of the command on the machine */
export async function ssh(context: Context, host: string, command: readonly string[], needsTerminal: boolean) {
  const machine = await machineOf(context, host);
  if (command.length === 0) return exitCodeOn(host, await runInTerminal(sshTerminal(machine)));
  // Many users write `--` between the machine and the command.
  const words = command[0] === "--" ? command.slice(1) : command;
  // One word is a command line, as with ssh; several are a program with its arguments.
  const [line = ""] = words.length === 1 ? words : [words.map(shellQuote).join(" ")];
  const [program = "ssh", ...rest] = sshCommand(machine, line);
  return exitCodeOn(host, await runInTerminal([program, ...(needsTerminal ? ["-t"] : []), ...rest]));
}

/** The journal of a machine, or of one unit there. */
export async function logs(
  context: Context,
  host: string,
  unit: string | undefined,
  options: { readonly follow: boolean; readonly lines: number },
): Promise<number> {
  const machine = await machineOf(context, host);
  if (unit !== undefined) await assertUnit(machine, unit);
  const words = ["journalctl", "--no-pager", "--no-hostname", `--lines=${options.lines}`];
  if (options.follow) words.push("--follow");
  if (unit !== undefined) words.push(`--unit=${unit}`);
  const code = await runInTerminal(sshCommand(machine, words.map(shellQuote).join(" ")), "visible");
  // Ctrl-C is how one stops following.
  return options.follow && (code === EXIT.interrupted || code === SSH_FAILED) ? EXIT.ok : exitCodeOn(host, code);
}

/** One that systemd knows, or that has left entries. @throws {CommandError} (noStand) */
async function assertUnit(machine: Machine, unit: string): Promise<void> {
  const name = shellQuote(unit);
  const known = `systemctl cat -- ${name} || test -n "$(journalctl --quiet --no-pager --lines=1 --unit=${name})"`;
  const { code } = await runOn(machine, `{ ${known}; } >/dev/null 2>&1`, { deadlineMs: UNIT_DEADLINE_MS });
  if (code === 0 || code === SSH_FAILED) return;
  throw noStand(`${machine.name} has no unit "${unit}": \`ring ssh ${machine.name} systemctl list-units\` lists them.`);
}

function exitCodeOn(host: string, code: number): number {
  if (code === SSH_FAILED) throw new CommandError(`${host} cannot be reached by ssh. See \`ring status\`.`);
  return code;
}

/**
 * Runs a program with this terminal, as if the user had started it: Ctrl-C goes to it, and its exit code is returned. The process must handle SIGINT
 * (`onInterruption` does), so that `ring` outlives the program.
 */
async function runInTerminal(argv: readonly string[], output: "raw" | "visible" = "raw"): Promise<number> {
  const shown = output === "raw" ? "inherit" : "pipe";
  const child = startProgram(argv, { env: process.env, stdio: ["inherit", shown, shown] });
  const terminate = (): void => void child.kill("SIGTERM");
  for (const name of ["SIGTERM", "SIGHUP"]) process.on(name, terminate);
  const copy = async (from: Readable | null, to: NodeJS.WriteStream): Promise<void> => {
    // The reader of a pipe may leave early: `ring logs pg-01 --follow | head`.
    to.once("error", terminate);
    for await (const text of from?.setEncoding("utf8") ?? [])
      await new Promise<void>((resolve) => to.write(visible(text), () => resolve()));
  };
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
  const [code] = await Promise.all([ended, copy(child.stdout, process.stdout), copy(child.stderr, process.stderr)]);
  for (const name of ["SIGTERM", "SIGHUP"]) process.off(name, terminate);
  return code;
}
