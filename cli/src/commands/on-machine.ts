import { SSH_FAILED, shellQuote, sshCommand, sshTerminal } from "@goldenring/stand";
import { type Context, machineOf } from "../context.ts";
import { EXIT, RingError } from "../exit.ts";
import { runInTerminal } from "../terminal.ts";

/** A login shell, or one command, with this terminal. @returns the exit code of what ran there */
export async function ssh(
  context: Context,
  host: string,
  command: readonly string[],
  wantsTerminal: boolean,
): Promise<number> {
  const machine = await machineOf(context, host);
  if (command.length === 0) return reached(host, await runInTerminal(sshTerminal(machine)));
  // Many are used to `--` between the machine and the command.
  const words = command[0] === "--" ? command.slice(1) : command;
  // One word is a command line, as with ssh; several are a program with its arguments.
  const [line = ""] = words.length === 1 ? words : [words.map(shellQuote).join(" ")];
  const [program = "ssh", ...rest] = sshCommand(machine, line);
  return reached(host, await runInTerminal([program, ...(wantsTerminal ? ["-t"] : []), ...rest]));
}

export interface LogsOptions {
  readonly follow: boolean;
  readonly lines: number;
}

/** The journal of a machine, or of one unit there. */
export async function logs(
  context: Context,
  host: string,
  unit: string | undefined,
  options: LogsOptions,
): Promise<number> {
  const machine = await machineOf(context, host);
  const words = ["journalctl", "--no-pager", "--no-hostname", `--lines=${options.lines}`];
  if (options.follow) words.push("--follow");
  if (unit !== undefined) words.push(`--unit=${unit}`);
  const code = await runInTerminal(sshCommand(machine, words.map(shellQuote).join(" ")));
  // Ctrl-C is how one stops following.
  return options.follow && (code === EXIT.interrupted || code === SSH_FAILED) ? EXIT.ok : reached(host, code);
}

function reached(host: string, code: number): number {
  if (code === SSH_FAILED)
    throw new RingError(`${host} cannot be reached by ssh. \`ring status\` says how it is.`, EXIT.failed);
  return code;
}
