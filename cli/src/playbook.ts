import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { PLAYBOOK_FOLDER } from "./checkout.ts";
import { RingError } from "./exit.ts";
import { failuresIn, stepOf } from "./playbook-output.ts";

export interface PlaybookOptions {
  readonly inventoryFile: string;
  /** Gets the whole output; begun anew. */
  readonly logFile: string;
  readonly say: (detail: string) => void;
  /** On a terminal every task is shown, otherwise only the beginning of each role. */
  readonly showsTasks: boolean;
  readonly signal: AbortSignal;
}

/** Milliseconds that Ansible gets for ending by itself. */
const ENDING_PATIENCE = 5_000;

/**
 * Runs the playbook on all machines.
 *
 * @throws {RingError} with what failed and the log's path
 */
export async function runPlaybook(options: PlaybookOptions): Promise<void> {
  const { inventoryFile, logFile, signal } = options;
  signal.throwIfAborted();
  const log = createWriteStream(logFile, { mode: 0o600 });
  // It ends with this process, even when that is killed: two playbooks must never run at once.
  const argv = ["--pdeathsig", "TERM", "--", "ansible-playbook", "-i", inventoryFile, "site.yml"];
  const child = spawn("setpriv", argv, {
    cwd: PLAYBOOK_FOLDER,
    detached: true,
    env: {
      ...process.env,
      ANSIBLE_CONFIG: `${PLAYBOOK_FOLDER}/ansible.cfg`,
      ANSIBLE_NOCOLOR: "1",
      PYTHONUNBUFFERED: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const show = progressOf(options);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      output = `${output}${line}\n`.slice(-100_000);
      log.write(`${line}\n`);
      show(line);
    });
  }
  const stop = (): void => {
    signalGroup(child.pid, "SIGINT");
    setTimeout(() => signalGroup(child.pid, "SIGKILL"), ENDING_PATIENCE).unref();
  };
  signal.addEventListener("abort", stop);
  const code = await new Promise<number>((resolve) => {
    child.on("error", (error) => {
      output += `${error.message}\n`;
      resolve(127);
    });
    child.on("close", (code) => resolve(code ?? 128));
  });
  signal.removeEventListener("abort", stop);
  await new Promise((resolve) => log.end(resolve));
  signal.throwIfAborted();
  if (code !== 0)
    throw new RingError(
      `The playbook failed (exit code ${code}):\n${failuresIn(output)}\nAll of its output: ${logFile}`,
    );
}

function progressOf({ say, showsTasks }: PlaybookOptions): (line: string) => void {
  const shown = new Set<string>();
  return (line) => {
    const step = stepOf(line);
    if (step === undefined) return;
    if (showsTasks) say(step.role === undefined ? step.task : `${step.role}: ${step.task}`);
    else if (step.role !== undefined && !shown.has(step.role)) say(`role ${step.role}`);
    if (step.role !== undefined) shown.add(step.role);
  };
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended.
  }
}
