import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Started as a user would: the rooms share no code. */
const API = fileURLToPath(new URL("../../api/src/main.ts", import.meta.url));
const BASELINE = fileURLToPath(new URL("../baseline/main.ts", import.meta.url));
const START_DEADLINE_MS = 60_000;

/** A service in a process of its own. */
export class Service {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, url: string, ended: Promise<unknown>) {
    this.#child = child;
    this.url = url;
    this.#ended = ended;
  }

  /** @param readyWord of the log line that says that it can be used */
  static async start(script: string, environment: Record<string, string>, readyWord: string): Promise<Service> {
    const child = spawn(process.execPath, [script], {
      env: { PATH: process.env.PATH ?? "", PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const said: string[] = [];
    child.stderr.on("data", (text: Buffer) => said.push(text.toString()));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(() => reject(new Error(`not ready in time: ${said.join("")}`)), START_DEADLINE_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      said.push(`${line}\n`);
      const entry = JSON.parse(line) as { msg?: unknown; url?: unknown };
      if (entry.msg === readyWord) resolve(String(entry.url));
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${said.join("")}`)));
    try {
      return new Service(child, await promise, ended);
    } finally {
      clearTimeout(timer);
    }
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    await this.#ended;
  }
}

/** The Weather API on an embedded PostgreSQL of its own, which it starts and which ends with it; with the sample data. */
export class WeatherApi {
  readonly #folder = mkdtempSync(join(tmpdir(), "goldenring-load-"));
  #service: Service | undefined;

  get url(): string {
    if (this.#service === undefined) throw new Error("not started");
    return this.#service.url;
  }

  get databaseUrl(): string {
    return readFileSync(join(this.#folder, "database-url"), "utf8").trim();
  }

  async start(): Promise<void> {
    this.#service = await Service.start(API, { DATA_FOLDER: this.#folder, SHUTDOWN_DELAY_MS: "0" }, "ready");
  }

  async remove(): Promise<void> {
    await this.#service?.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export function startBaseline(databaseUrl: string): Promise<Service> {
  return Service.start(BASELINE, { DATABASE_URL: databaseUrl }, "listening");
}
