import { createWriteStream } from "node:fs";
import { CommandError } from "@goldenring/run-kit";
import { cleanEnvironment, runProgram } from "@goldenring/stand";
import { PLAYBOOK_FOLDER } from "./checkout.ts";
import { failuresIn, stepOf } from "./playbook-output.ts";

export interface PlaybookOptions {
  readonly inventoryFile: string;
  /** Receives the whole output; overwritten. */
  readonly logFile: string;
  readonly log: (detail: string) => void;
  readonly signal: AbortSignal;
}

/** Longer than any installation: a playbook that hangs needs a person. */
const DEADLINE_MS = 3_600_000;
/** How long Ansible may take to stop at Ctrl-C. */
const STOP_GRACE_MS = 5_000;

/**
 * Runs the playbook on all machines.
 *
 * @throws {CommandError} with what failed and the log's path
 */
export async function runPlaybook(options: PlaybookOptions): Promise<void> {
  const { inventoryFile, logFile, signal } = options;
  signal.throwIfAborted();
  const log = createWriteStream(logFile, { mode: 0o600 });
  // It ends with this process, even when that is killed: two playbooks must never run at the same time.
  const argv = ["setpriv", "--pdeathsig", "TERM", "--", "ansible-playbook", "-i", inventoryFile, "site.yml"];
  const show = progressOf(options);
  const { code, stdout, stderr } = await runProgram(argv, {
    deadlineMs: DEADLINE_MS,
    folder: PLAYBOOK_FOLDER,
    environment: {
      ...cleanEnvironment(),
      ANSIBLE_CONFIG: `${PLAYBOOK_FOLDER}/ansible.cfg`,
      ANSIBLE_NOCOLOR: "1",
      PYTHONUNBUFFERED: "1",
    },
    signal,
    stopGraceMs: STOP_GRACE_MS,
    onLine: (line) => {
      log.write(`${line}\n`);
      show(line);
    },
  });
  log.write(stderr);
  await new Promise<void>((resolve) => log.end(resolve));
  signal.throwIfAborted();
  if (code !== 0)
    throw new CommandError(
      `The playbook failed (exit code ${code}):\n${failuresIn(`${stdout}${stderr}`)}\nIts whole output: ${logFile}`,
    );
}

/** On a terminal every task is shown, otherwise only the start of each role. */
function progressOf({ log }: PlaybookOptions): (line: string) => void {
  const shown = new Set<string>();
  return (line) => {
    const step = stepOf(line);
    if (step === undefined) return;
    if (process.stderr.isTTY) log(step.role === undefined ? step.task : `${step.role}: ${step.task}`);
    else if (step.role !== undefined && !shown.has(step.role)) log(`role ${step.role}`);
    if (step.role !== undefined) shown.add(step.role);
  };
}
