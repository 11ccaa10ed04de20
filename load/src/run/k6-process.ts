import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";

/** k6's own exit code: an objective (a threshold) was missed. Source: k6, errext/exitcodes. */
export const THRESHOLDS_MISSED = 99;

/** After SIGINT, k6 drops what is under way and writes its summary and its report. */
const STOP_DEADLINE_MS = 20_000;

/** k6 writes a line for every failed request: of a target that is down, thousands a second. */
const MAX_LOG_BYTES = 1_000_000;

export interface K6Start {
  /** Whatever stands before k6 must exec it. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly onOutput: (text: string) => void;
  /** k6 is stopped when it has run for so long, whatever it is doing. */
  readonly deadlineMs: number;
}

/** A k6 that ends, whatever happens: after its plan, at its deadline, when it is stopped, and when this process is gone, by whatever signal. */
export class K6Process {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** The exit code, when all of its output has been read; 128 and more: a signal ended it. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #watcher: ChildProcess;
  readonly #timers: NodeJS.Timeout[] = [];
  #hasEnded = false;

  constructor({ argv: [program = "", ...args], environment, logFile, onOutput, deadlineMs }: K6Start) {
    // A group of its own: Ctrl-C comes to this process, which then decides.
    const child = spawn(program, args, {
      env: { ...environment },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.pid = child.pid;
    this.#watcher = watcherOf(child.pid);
    this.#timers.push(setTimeout(() => this.stop(), deadlineMs));
    child.stdout.setEncoding("utf8").on("data", onOutput);
    const allRead = Promise.all([
      keepLog(child.stderr, logFile),
      new Promise((resolve) => child.stdout.once("close", resolve)),
    ]);
    this.ended = this.#end().then(async (code) => {
      await allRead;
      return code;
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Asks it to stop cleanly; where that does not help, kills it. Returns at once: wait for `ended`. */
  stop(): void {
    if (this.#hasEnded) return;
    this.#child.kill("SIGINT");
    this.#timers.push(setTimeout(() => this.kill(), STOP_DEADLINE_MS));
  }

  kill(): void {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
  }

  async #end(): Promise<number> {
    const code = await new Promise<number>((resolve) => {
      this.#child.once("error", () => resolve(127));
      this.#child.once("exit", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 137)));
    });
    this.#hasEnded = true;
    for (const timer of this.#timers) clearTimeout(timer);
    // Before k6's number can belong to another process.
    if (this.#watcher.kill("SIGKILL")) await once(this.#watcher, "exit");
    return code;
  }
}

/**
 * A killed process cannot stop its k6. So a small shell waits until this process is gone, which the kernel shows it by closing its
 * standard input, and then ends k6.
 */
function watcherOf(pid: number | undefined): ChildProcess {
  const script = 'cat > /dev/null; kill -INT "$1" 2> /dev/null; sleep 5; kill -KILL "$1" 2> /dev/null';
  return spawn("sh", ["-c", pid === undefined ? "true" : script, "sh", String(pid)], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
}

/** Keeps the beginning of what a program writes; the rest is read and dropped. Resolves when the program has written all. */
async function keepLog(stream: Readable, file: string): Promise<void> {
  const log = createWriteStream(file);
  let [written, kept] = [0, 0];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    written += chunk.length;
    if (written > MAX_LOG_BYTES) continue;
    kept = written;
    log.write(chunk);
  }
  if (written > kept) log.write(`\n... and ${written - kept} bytes more, which are not kept\n`);
  await finished(log.end());
}
