import { createHash } from "node:crypto";
import { connect, createServer, type Server } from "node:net";
import { DeadlineExceeded, waitFor } from "./wait-for.ts";

const RETRY_MS = 100;
const HOLDER_ANSWER_MS = 500;

export interface LockOptions {
  /** What is locked: two locks of the same key exclude each other. */
  readonly key: string;
  /** What the holder does, shown to a process that finds the lock held: `ring up`. */
  readonly purpose: string;
  /** What is shown to this process when it finds the lock held, before the holder's purpose. */
  readonly refusal?: string;
  /** How long to wait for another holder. Default: 0. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Lock {
  release(): void;
}

/** Another process holds the lock. */
export class LockHeld extends Error {
  override readonly name = "LockHeld";

  /** @param holder purpose and process of its holder; empty when it did not answer */
  constructor(
    readonly holder: string,
    refusal: string,
  ) {
    super(holder ? `${refusal}: ${holder}` : refusal);
  }
}

/**
 * Takes a lock that one process of this computer has at a time. It is an abstract UNIX socket: the kernel gives its name to one process and takes it
 * back when that process ends, however it ends. Whoever connects is told who holds it.
 *
 * @throws {LockHeld} when another process still holds it after `waitMs`
 */
export async function takeLock(options: LockOptions): Promise<Lock> {
  const { key, purpose, refusal = "It is locked", waitMs = 0, signal } = options;
  const name = socketName(key);
  const attempt = async () => {
    const server = await listen(name, `${purpose} (process ${process.pid})`);
    return server ? { value: server } : { missing: "the lock" };
  };
  try {
    const server = await waitFor(attempt, { deadlineMs: waitMs, everyMs: RETRY_MS, signal });
    return { release: () => void server.close() };
  } catch (error) {
    if (error instanceof DeadlineExceeded) throw new LockHeld(await holderOf(name), refusal);
    throw error;
  }
}

/** Runs the work under the lock. @throws {LockHeld} */
export async function withLock<Result>(options: LockOptions, work: () => Promise<Result>): Promise<Result> {
  const lock = await takeLock(options);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** @returns purpose and process of the present holder, or undefined */
export async function lockHolder(key: string): Promise<string | undefined> {
  return (await holderOf(socketName(key))) || undefined;
}

function socketName(key: string): string {
  return `\0goldenring-${createHash("sha256").update(key).digest("hex").slice(0, 32)}`;
}

function listen(name: string, holder: string): Promise<Server | undefined> {
  const server = createServer((visitor) => {
    visitor.on("error", () => {});
    visitor.end(holder);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => resolve(server));
  });
}

function holderOf(name: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(name);
    socket.setTimeout(HOLDER_ANSWER_MS, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk.toString("utf8");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}
