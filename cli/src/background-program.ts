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

export interface BackgroundState<Report extends SignOfLife> {
  readonly isRunning: boolean;
  /** The last one that it wrote; undefined when it never ran. */
  readonly report: Report | undefined;
}

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
export class BackgroundProgram<Report extends SignOfLife> {
  constructor(private readonly description: Description<Report>) {}

  /** A program with an old report hangs, and does not count as running. */
  get state(): BackgroundState<Report> {
    const { reports, folder } = this.description;
    const report = reports.read(folder);
    const isRunning =
      report !== undefined && this.#isRunning(report.pid) && Date.now() - Date.parse(report.aliveAt) < STALE_AFTER_MS;
    return { isRunning, report };
  }

  /** Starts it unless it runs; resolves at its first report. @param words arguments before the last ones @throws {CommandError} with its output */
  async start(inventory: Inventory, words: readonly string[]): Promise<void> {
    if (this.state.isRunning) return;
    await this.stop();
    const { name, folder, lastArguments } = this.description;
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
    const hasStartedOrEnded = (): boolean => this.state.isRunning || child.exitCode !== null;
    await waitUntil(hasStartedOrEnded, { deadlineMs: START_DEADLINE_MS, everyMs: 50 });
    if (!this.state.isRunning)
      throw new CommandError(`The ${name} does not start:\n${readFileSync(output, "utf8").trim()}`);
  }

  async stop(): Promise<void> {
    const { reports, folder } = this.description;
    const pid = reports.read(folder)?.pid;
    if (pid === undefined) return;
    for (const name of ["SIGTERM", "SIGKILL"] as const) {
      if (!this.#isRunning(pid)) return;
      process.kill(pid, name);
      await waitUntil(() => !this.#isRunning(pid), { deadlineMs: STOP_DEADLINE_MS, everyMs: 20 });
    }
  }

  /** Another program may have got the process number: the command line tells. */
  #isRunning(pid: number): boolean {
    const { lastArguments } = this.description;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      return words.slice(-lastArguments.length).join("\0") === lastArguments.join("\0");
    } catch {
      return false;
    }
  }
}
