import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CHECKOUT } from "@goldenring/stand";
import pg from "pg";

const START_DEADLINE_MS = 60_000;

/** A service in a process of its own, started as a user would start it. */
export class Service {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, url: string, ended: Promise<unknown>) {
    this.#child = child;
    this.url = url;
    this.#ended = ended;
  }

  /**
   * @param script its path in the checkout
   * @param readyMessage of the log line that has its URL
   */
  static async start(script: string, environment: Record<string, string>, readyMessage: string): Promise<Service> {
    const child = spawn(process.execPath, [join(CHECKOUT, script)], {
      env: { PATH: process.env.PATH ?? "", PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const output: string[] = [];
    child.stderr.on("data", (text: Buffer) => output.push(text.toString()));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(() => reject(new Error(`not ready in time: ${output.join("")}`)), START_DEADLINE_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      output.push(`${line}\n`);
      const entry = JSON.parse(line) as { msg?: unknown; url?: unknown };
      if (entry.msg === readyMessage) resolve(String(entry.url));
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${output.join("")}`)));
    try {
      return new Service(child, await promise, ended);
    } finally {
      clearTimeout(timer);
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(name);
  }

  async end(name: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.signal(name);
    await this.#ended;
  }
}

/** The Weather API with its sample data on an embedded PostgreSQL, which it starts and which ends with it. */
export class WeatherApi {
  readonly #folder = mkdtempSync(join(tmpdir(), "goldenring-weather-api-"));
  #service: Service | undefined;
  /** Kept over restarts. */
  #port = "0";

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get databaseUrl(): string {
    return readFileSync(join(this.#folder, "database-url"), "utf8").trim();
  }

  /** What SQL returns from its database. */
  async rows(statement: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  /** The first column of each row, as psql shows it. */
  async query(statement: string): Promise<string[]> {
    return (await this.rows(statement)).map((row) => textOf(Object.values(row)[0]));
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const environment = { PORT: this.#port, DATA_FOLDER: this.#folder, SHUTDOWN_DELAY_MS: "0" };
    this.#service = await Service.start("api/src/main.ts", environment, "ready");
    this.#port = new URL(this.#service.url).port;
  }

  /** SIGKILL; its PostgreSQL ends, too. */
  async kill(): Promise<void> {
    await this.#service?.end("SIGKILL");
  }

  /** SIGSTOP: connections are accepted by the kernel, and nothing answers. */
  suspend(): void {
    this.#service?.signal("SIGSTOP");
  }

  resume(): void {
    this.#service?.signal("SIGCONT");
  }

  async remove(): Promise<void> {
    await this.#service?.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function textOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "t" : "f";
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
