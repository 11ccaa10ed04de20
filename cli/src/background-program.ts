import { closeSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import {
  bunProgram,
  cleanEnvironment,
  type Inventory,
  inNamespace,
  type SignOfLife,
  startProgram,
  waitUntil,
} from "@goldenring/stand";

interface Description<Report extends SignOfLife> {
  /** For messages, and for the name of the file with its output. */
  readonly name: string;
  /** Of the stand that it belongs to. */
  readonly folder: string;
  /** The end of its command line: tells it from all other processes, and from the same program of another stand. */
  readonly lastArguments: readonly string[];
  readonly reports: { read(folder: string): Report | undefined };
}

const START_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 3_000;
/** Reports are renewed every second. */
const STALE_AFTER_MS = 5_000;

/** A program of the lab's stand that goes on running in the background, inside the stand's network, when `ring` ends. */
export function backgroundProgram<Report extends SignOfLife>(description: Description<Report>) {
  const { name, folder, lastArguments, reports } = description;
  /** Another program may have got the process number: the command line tells. */
  const isAlive = (pid: number): boolean => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      return words.slice(-lastArguments.length).join("\0") === lastArguments.join("\0");
    } catch {
      return false;
    }
  };
  /** Its last report, undefined when it never ran. A program with an old report hangs, and does not count as running. */
  const state = () => {
    const report = reports.read(folder);
    const isFresh = report !== undefined && Date.now() - Date.parse(report.aliveAt) < STALE_AFTER_MS;
    return { isRunning: isFresh && isAlive(report.pid), report };
  };
  const stop = async (): Promise<void> => {
    const pid = reports.read(folder)?.pid;
    if (pid === undefined) return;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (!isAlive(pid)) return;
      process.kill(pid, signal);
      await waitUntil(() => !isAlive(pid), { deadlineMs: STOP_DEADLINE_MS, everyMs: 20 });
    }
  };
  /** Starts it unless it runs; resolves at its first report. @param words arguments before the last ones @throws {CommandError} with its output */
  const start = async (inventory: Inventory, words: readonly string[]): Promise<void> => {
    if (state().isRunning) return;
    await stop();
    const output = join(folder, `${name.replaceAll(" ", "-")}.out`);
    const file = openSync(output, "w", 0o600);
    const child = startProgram(inNamespace(inventory, bunProgram(...words, ...lastArguments)), {
      detached: true,
      // It may be relative to the folder in which ring was called.
      env: { ...cleanEnvironment(), RING_HOME: resolve(folder, "../..") },
      stdio: ["ignore", file, file],
    });
    closeSync(file);
    child.on("error", () => {});
    child.unref();
    const hasStartedOrEnded = (): boolean => state().isRunning || child.exitCode !== null;
    await waitUntil(hasStartedOrEnded, { deadlineMs: START_DEADLINE_MS, everyMs: 50 });
    if (!state().isRunning)
      throw new CommandError(`The ${name} does not start:\n${readFileSync(output, "utf8").trim()}`);
  };
  return { state, start, stop };
}
