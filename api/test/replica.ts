import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
/** A replica that is not listening by then has failed. */
const START_DEADLINE_MS = 60_000;

export interface ReplicaOptions {
  readonly databaseUrl: string;
  /** More environment variables; they win over the test's defaults. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the cgroup that it runs in, to which it writes its id before it starts. */
  readonly joinFiles?: readonly string[];
  /** False returns as soon as it listens, before the data are loaded. */
  readonly untilReady?: boolean;
}

/** One API process, started as a user starts it. */
export interface Replica {
  readonly url: string;
  readonly pid: number;
  /** What it logged so far, one parsed JSON line each. */
  readonly logs: readonly Readonly<Record<string, unknown>>[];
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<number | string>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const JOIN_AND_RUN = `for file in $JOIN_FILES; do echo $$ > "$file" || exit 1; done; unset JOIN_FILES; exec "$@"`;

export async function startReplica({
  databaseUrl,
  env = {},
  joinFiles = [],
  untilReady = true,
}: ReplicaOptions): Promise<Replica> {
  const child = spawn("/bin/sh", ["-c", JOIN_AND_RUN, "join", process.execPath, MAIN], {
    env: {
      PATH: process.env.PATH ?? "",
      HOST: "127.0.0.1",
      PORT: "0",
      SAMPLE_DATA: "if-empty",
      SHUTDOWN_DELAY_MS: "0",
      DATABASE_URL: databaseUrl,
      JOIN_FILES: joinFiles.join(" "),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const logs: Record<string, unknown>[] = [];
  const exited = new Promise<number | string>((resolve) => {
    // "close" and not "exit", so that all its output has been read.
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? "unknown");
    });
  });
  const expected = untilReady ? "ready" : "listening";
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the replica is not ${expected} in time: ${errors}${JSON.stringify(logs.slice(-5))}`)),
      START_DEADLINE_MS,
    );
    createInterface({ input: child.stdout }).on("line", (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      logs.push(entry);
      if (entry.msg !== expected) return;
      clearTimeout(timer);
      resolve(String(entry.url));
    });
    void exited.then((code) => {
      clearTimeout(timer);
      reject(new Error(`the replica ended with ${code} before it was ${expected}: ${errors}`));
    });
  }).catch(async (error: unknown) => {
    child.kill("SIGKILL");
    await exited;
    throw error;
  });
  return {
    url,
    pid: child.pid ?? 0,
    logs,
    exited,
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
