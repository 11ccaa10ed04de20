import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { listRuns } from "@goldenring/run-kit";
import { WeatherApi } from "@goldenring/run-kit/weather-api-fixture";
import { hasProgram } from "../../skips.fixture.ts";
import { RUN_FILES, readRun, type StoredRun } from "../src/record/record.ts";
import { findK6 } from "../src/run/k6-program.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

const found = await findK6().catch((error: unknown) => String(error));
export const k6IsMissing = !hasProgram("k6", typeof found !== "string");

export interface Ended {
  readonly exitCode: number;
  /** Of standard output and standard error. */
  readonly output: string;
  /** Of standard output. */
  readonly results: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** The load program as a user starts it, with a folder for the runs. */
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
    let [output, results] = ["", ""];
    child.stdout.on("data", (text: Buffer) => {
      output += text.toString();
      results += text.toString();
    });
    child.stderr.on("data", (text: Buffer) => {
      output += text.toString();
    });
    const ended = new Promise<Ended>((resolve) => {
      child.once("close", (code, signal) => {
        this.#children.delete(child);
        resolve({ exitCode: code ?? (signal === null ? -1 : -2), output, results });
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
  async scenario(...args: string[]): Promise<Ended & StoredRun> {
    const ended = await this.run(...args);
    return { ...ended, ...(await storedRun(ended)) };
  }

  async newest(): Promise<StoredRun> {
    return readRun(join(this.runs, (await listRuns(this.runs, RUN_FILES.record)).at(-1) ?? "none"));
  }

  remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.runs, { recursive: true, force: true });
  }
}

/** The run whose report the command names. */
function storedRun({ output }: Ended): Promise<StoredRun> {
  const report = /^report: (.+)$/m.exec(output)?.[1];
  if (report === undefined) throw new Error(`there is no run: ${output}`);
  return readRun(dirname(resolve(report)));
}

const DEADLINE_MS = 120_000;

/** The load program and the real API, for all tests of a file. */
export function loadOnApi(): { readonly api: WeatherApi; readonly load: LoadCommand } {
  const [api, load] = [new WeatherApi(), new LoadCommand()];
  setDefaultTimeout(DEADLINE_MS);
  beforeAll(() => api.start(), DEADLINE_MS);
  afterAll(async () => {
    load.remove();
    await api.remove();
  }, DEADLINE_MS);
  return { api, load };
}
