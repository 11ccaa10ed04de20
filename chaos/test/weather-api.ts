import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";

/** Started as a user would: the rooms share no code. */
const API = fileURLToPath(new URL("../../api/src/main.ts", import.meta.url));
const START_DEADLINE_MS = 60_000;

/** The Weather API on an embedded PostgreSQL of its own, which it starts and which ends with it. */
export class WeatherApi {
  readonly #folder = mkdtempSync(join(tmpdir(), "goldenring-chaos-"));
  #child: ChildProcess | undefined;
  /** Kept over restarts. */
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get databaseUrl(): string {
    return readFileSync(join(this.#folder, "database-url"), "utf8").trim();
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [API], {
      env: {
        PATH: process.env.PATH ?? "",
        PORT: String(this.#port),
        DATA_FOLDER: this.#folder,
        SHUTDOWN_DELAY_MS: "0",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const said: string[] = [];
    child.stderr.on("data", (text: Buffer) => said.push(text.toString()));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(() => reject(new Error(`not ready in time: ${said.join("")}`)), START_DEADLINE_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      said.push(`${line}\n`);
      const entry = JSON.parse(line) as { msg?: unknown; url?: unknown };
      if (entry.msg === "ready") resolve(String(entry.url));
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${said.join("")}`)));
    this.#port = Number(new URL(await promise).port);
    clearTimeout(timer);
  }

  /** The first column of each row, as psql shows it. */
  async query(statement: string): Promise<string[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<unknown[]>({ text: statement, rowMode: "array" });
      return rows.map(([value]) => textOf(value));
    } finally {
      await client.end();
    }
  }

  /** SIGKILL; its PostgreSQL ends, too. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** SIGSTOP: connections are accepted by the kernel, and nothing answers. */
  suspend(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async remove(): Promise<void> {
    await this.#end("SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }
}

function textOf(value: unknown): string {
  if (typeof value === "boolean") return value ? "t" : "f";
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
