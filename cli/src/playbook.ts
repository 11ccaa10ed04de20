import { createWriteStream } from "node:fs";
import { CommandError } from "@goldenring/run-kit";
import { cleanEnvironment, runProgram } from "@goldenring/stand";
import { PLAYBOOK_FOLDER } from "./checkout.ts";

export interface PlaybookOptions {
  readonly playbook?: "site.yml" | "restore.yml";
  /** For `-e`. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Only these roles, or all but those that have nothing to do. */
  readonly roles?: { readonly only: readonly string[] } | { readonly without: readonly string[] } | undefined;
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

/** Runs the playbook on all machines. @throws {CommandError} with what failed and the log's path */
export async function runPlaybook(options: PlaybookOptions): Promise<void> {
  const { playbook = "site.yml", variables = {}, roles, inventoryFile, logFile, signal } = options;
  signal.throwIfAborted();
  const log = createWriteStream(logFile, { mode: 0o600 });
  const argv = endsWithThisProcess([
    "ansible-playbook",
    "-i",
    inventoryFile,
    playbook,
    "-e",
    JSON.stringify(variables),
  ]);
  if (roles !== undefined)
    argv.push(...("only" in roles ? ["--tags", roles.only.join(",")] : ["--skip-tags", roles.without.join(",")]));
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

/** It ends with this process, even when that is killed, and its forks with it: two playbooks must never run at the same time. */
export function endsWithThisProcess(argv: readonly string[]): string[] {
  const withItsGroup = 'trap "trap - TERM; kill -TERM 0" TERM; "$@" & wait $!';
  return ["setpriv", "--pdeathsig", "TERM", "--", "sh", "-c", withItsGroup, "sh", ...argv];
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

export interface PlaybookStep {
  readonly role: string | undefined;
  readonly task: string;
}

/** The step that starts at a line of ansible-playbook's output: `TASK [etcd : The service runs] ****`. */
export function stepOf(line: string): PlaybookStep | undefined {
  const name = /^(?:TASK|RUNNING HANDLER) \[(.*)\] \**$/.exec(line)?.[1];
  if (name === undefined) return undefined;
  const [, role, task] = /^([\w-]+) : (.*)$/.exec(name) ?? [undefined, undefined, name];
  return { role, task: task ?? name };
}

/** Failed tasks with their messages, as ansible-playbook printed them; the last lines where it names none. */
export function failuresIn(output: string): string {
  const lines = output.trimEnd().split("\n");
  const failures = lines.filter((line) => /^(fatal|failed|ERROR!|\[ERROR\])/.test(line)).map(shorten);
  return (failures.length > 0 ? failures.slice(-5) : lines.slice(-10)).join("\n");
}

/** The message out of `fatal: [pg-01]: FAILED! => {..., "msg": "..."}`: the rest is long and in the log. */
function shorten(line: string): string {
  const [, head, json] = /^(.*?) => (\{.*\})$/.exec(line) ?? [];
  if (head === undefined || json === undefined) return line.slice(0, 500);
  try {
    const { msg, stderr } = JSON.parse(json) as { msg?: unknown; stderr?: unknown };
    const words = [msg, stderr].filter((text) => typeof text === "string" && text !== "").join(" | ");
    return `${head}: ${words.slice(0, 500)}`;
  } catch {
    return line.slice(0, 500);
  }
}
