import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Inventory, inNamespace } from "@goldenring/stand";
import { RingError } from "./exit.ts";

/** What a program in the background says about itself in a file, which it renews every second. */
export interface SignOfLife {
  readonly pid: number;
  /** ISO 8601. */
  readonly aliveAt: string;
}

export interface BackgroundState<Report extends SignOfLife> {
  readonly isRunning: boolean;
  /** The last one that it left; undefined when it never ran. */
  readonly report: Report | undefined;
}

interface Description<Report extends SignOfLife> {
  /** In messages and in the name of the file of its output. */
  readonly name: string;
  /** Folder of the stand that it belongs to. */
  readonly folder: string;
  /** How its command line ends: they tell it from all other processes, and from the same program of another stand. */
  readonly lastWords: readonly string[];
  readonly readReport: (folder: string) => Report | undefined;
}

/** Milliseconds. */
const START_DEADLINE = 10_000;
const STOP_DEADLINE = 3_000;
const STALE_AFTER = 5_000;

/** A program of the lab's stand that runs on in the background, inside the stand's network, when `ring` ends. */
export class BackgroundProgram<Report extends SignOfLife> {
  readonly #description: Description<Report>;

  constructor(description: Description<Report>) {
    this.#description = description;
  }

  /** One whose report is old hangs, and does not count as running. */
  get state(): BackgroundState<Report> {
    const { readReport, folder } = this.#description;
    const report = readReport(folder);
    const isRunning =
      report !== undefined && this.#isIt(report.pid) && Date.now() - Date.parse(report.aliveAt) < STALE_AFTER;
    return { isRunning, report };
  }

  /**
   * Starts it unless it runs; resolves when it says that it works.
   *
   * @param words arguments of Bun before the last ones: the program first
   * @throws {RingError} with what it said
   */
  async start(inventory: Inventory, words: readonly string[]): Promise<void> {
    if (this.state.isRunning) return;
    await this.stop();
    const { name, folder, lastWords } = this.#description;
    const output = join(folder, `${name.replaceAll(" ", "-")}.out`);
    const file = openSync(output, "w", 0o600);
    const [program = "", ...args] = inNamespace(inventory, [process.execPath, ...words, ...lastWords]);
    const child = spawn(program, args, {
      cwd: "/",
      detached: true,
      // It may be relative to the folder in which ring was called.
      env: { ...process.env, RING_HOME: resolve(folder, "../..") },
      stdio: ["ignore", file, file],
    });
    closeSync(file);
    child.on("error", () => {});
    child.unref();
    const deadline = performance.now() + START_DEADLINE;
    while (!this.state.isRunning) {
      if (performance.now() > deadline || child.exitCode !== null) {
        throw new RingError(`The ${name} does not start:\n${readFileSync(output, "utf8").trim()}`);
      }
      await delay(50);
    }
  }

  /** Ends it, if it runs. */
  async stop(): Promise<void> {
    const { readReport, folder } = this.#description;
    const pid = readReport(folder)?.pid;
    if (pid === undefined) return;
    for (const name of ["SIGTERM", "SIGKILL"] as const) {
      if (!this.#isIt(pid)) return;
      process.kill(pid, name);
      const deadline = performance.now() + STOP_DEADLINE;
      while (this.#isIt(pid) && performance.now() < deadline) await delay(20);
    }
  }

  /** A process number may have gone to another program; its command line tells. */
  #isIt(pid: number): boolean {
    const { lastWords } = this.#description;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      return words.slice(-lastWords.length).join("\0") === lastWords.join("\0");
    } catch {
      return false;
    }
  }
}
