import { type ChildProcess, spawn } from "node:child_process";

/** From SIGTERM to SIGKILL: its own grace, and a busy computer. */
const STOP_DEADLINE_MS = 10_000;

/** A program that loads or observes while an experiment runs. */
export class Program {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | NodeJS.Signals | null>;
  #output = "";
  #isStopped = false;

  /** @param onEnd called when it ends without being stopped */
  constructor(name: string, argv: readonly string[], onEnd: (why: string) => void) {
    this.name = name;
    const [program = "", ...args] = argv;
    // In its own process group: the terminal's Ctrl-C is for the engine, which then ends it.
    this.#child = spawn(program, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr?.on("data", (text: Buffer) => {
      this.#output = `${this.#output}${text}`.slice(-2_000);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#output += error.message;
        resolve(127);
      });
      this.#child.once("close", (code, signal) => resolve(code ?? signal));
    });
    void this.#ended.then((how) => {
      if (!this.#isStopped) onEnd(`the ${name} ended with ${how}: ${this.#output.trim()}`);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Rejects when it had ended before, or does not end well. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), STOP_DEADLINE_MS);
    const how = await this.#ended;
    clearTimeout(timer);
    if (how !== 0) throw new Error(`the ${this.name} ended with ${how}: ${this.#output.trim()}`);
  }

  /** At once, and without an error. */
  kill(): void {
    this.#isStopped = true;
    this.#child.kill("SIGKILL");
  }
}
