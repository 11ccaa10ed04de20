import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasProgram } from "../../skips.fixture.ts";
import type { RunRecord, Series } from "../src/record/record.ts";
import { readRun } from "../src/record/run-folder.ts";
import { findK6 } from "../src/run/k6-program.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

const found = await findK6().catch((error: unknown) => String(error));
export const k6IsMissing = !hasProgram("k6", typeof found !== "string");

export interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface EndedRun extends Ended {
  readonly folder: string;
  readonly record: RunRecord;
  readonly series: Series;
}

/** The load program as a user starts it, with a folder of its own for the runs. */
export class LoadCommand {
  readonly runs = mkdtempSync(join(tmpdir(), "goldenring-load-runs-"));
  readonly #children = new Set<ChildProcess>();

  start(args: readonly string[], environment: Record<string, string> = {}): Started {
    return this.#spawn([...args, "--runs", this.runs], environment);
  }

  #spawn(args: readonly string[], environment: Record<string, string>): Started {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, DATABASE_URL: "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => {
        output += text.toString();
      });
    }
    const ended = new Promise<Ended>((resolve) => {
      child.once("close", (code, signal) => {
        this.#children.delete(child);
        resolve({ exitCode: code ?? (signal === null ? -1 : -2), output });
      });
    });
    return { child, ended };
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(args).ended;
  }

  /** A command that takes no folder of runs. */
  runBare(...args: string[]): Promise<Ended> {
    return this.#spawn(args, {}).ended;
  }

  /** A scenario, and what it left behind. */
  async scenario(...args: string[]): Promise<EndedRun> {
    const ended = await this.run(...args);
    return { ...ended, ...(await this.newest(ended.output)) };
  }

  async newest(output = ""): Promise<{ folder: string; record: RunRecord; series: Series }> {
    const name = readdirSync(this.runs)
      .filter((each) => each !== "seeds")
      .sort()
      .at(-1);
    if (name === undefined) throw new Error(`there is no run: ${output}`);
    const folder = join(this.runs, name);
    return readRun(folder);
  }

  remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.runs, { recursive: true, force: true });
  }
}
