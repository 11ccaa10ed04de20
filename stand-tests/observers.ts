import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { probeProgram, roleSamplerProgram } from "../chaos/src/index.ts";
import { inNamespace } from "../stand/src/index.ts";
import type { Stand } from "./stand.ts";

/** What an observer may need to end after SIGTERM, ms: its own grace, and a busy computer. */
const STOP_DEADLINE_MS = 10_000;
/** Longer than any round; should this process be killed, they end by themselves. */
const AT_MOST_S = "900";

export interface Observers {
  readonly historyFile: string;
  readonly rolesFile: string;
  /** Rejects when one of them had ended before, or does not end. */
  stop(): Promise<void>;
  /** Without a word. */
  kill(): void;
}

/** Starts the probe and the role sampler, where the stand can be reached. */
export function startObservers(stand: Stand, run: string, folder: string): Observers {
  const historyFile = join(folder, "history.jsonl");
  const rolesFile = join(folder, "roles.jsonl");
  const nodes = stand
    .withRoles("postgres")
    .flatMap(({ name, address }) => ["--node", `${name}=https://${address}:8008`]);
  const ca = join(stand.inventory.secretsFolder, "ca", "ca.crt");
  const programs = [
    new Program(stand, [
      probeProgram,
      "--target",
      stand.serviceUrl,
      "--run",
      run,
      "--out",
      historyFile,
      "--seconds",
      AT_MOST_S,
    ]),
    new Program(stand, [roleSamplerProgram, ...nodes, "--ca", ca, "--out", rolesFile, "--seconds", AT_MOST_S]),
  ];
  return {
    historyFile,
    rolesFile,
    stop: async () => void (await Promise.all(programs.map((program) => program.stop()))),
    kill: () => {
      for (const program of programs) program.kill();
    },
  };
}

class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | NodeJS.Signals | null>;
  #said = "";

  constructor(stand: Stand, argv: readonly string[]) {
    const [program = "", ...args] = inNamespace(stand.inventory, [process.execPath, ...argv]);
    // In a group of its own: the terminal's Ctrl-C is for the round, which ends it in its turn.
    this.#child = spawn(program, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    this.#child.stderr?.on("data", (text: Buffer) => {
      this.#said = `${this.#said}${text}`.slice(-2_000);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#said += error.message;
        resolve(127);
      });
      this.#child.once("close", (code, signal) => resolve(code ?? signal));
    });
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), STOP_DEADLINE_MS);
    const how = await this.#ended;
    clearTimeout(timer);
    if (how !== 0) throw new Error(`an observer ended with ${how}: ${this.#said.trim()}`);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
