import { connect } from "node:net";
import type { Endpoint } from "./connection.ts";

/** Less than the second after which a lost SYN is sent again. */
const DEADLINE_MS = 600;
const MIN_INTERVAL_MS = 200;
/** How long an attempt says something about the present. */
const RECENT_MS = 2_500;

/** How the recent attempts to connect to an endpoint ended. */
export interface Attempts {
  readonly connected: number;
  /** The machine answered that nothing listens. */
  readonly refused: number;
  readonly silent: number;
}

/** Whether the endpoints of a database accept connections. It tries only when `look` is called, at most every 200 ms. */
export class Reach {
  #attempts: { readonly at: string; readonly outcome: keyof Attempts; readonly endedMs: number }[] = [];
  #startedMs = Number.NEGATIVE_INFINITY;

  constructor(readonly endpoints: readonly Endpoint[]) {}

  look(): void {
    const now = performance.now();
    if (now - this.#startedMs < MIN_INTERVAL_MS) return;
    this.#startedMs = now;
    for (const { host, port } of this.endpoints) {
      const at = `${host}:${port}`;
      const socket = connect({ host, port });
      const end = (outcome: keyof Attempts): void => {
        clearTimeout(late);
        socket.destroy();
        this.#attempts.push({ at, outcome, endedMs: performance.now() });
      };
      const late = setTimeout(end, DEADLINE_MS, "silent");
      socket.once("connect", () => end("connected"));
      socket.once("error", ({ code }: NodeJS.ErrnoException) => end(code === "ECONNREFUSED" ? "refused" : "silent"));
    }
  }

  /** By `host:port`. */
  recent(): Readonly<Record<string, Attempts>> {
    const since = performance.now() - RECENT_MS;
    this.#attempts = this.#attempts.filter(({ endedMs }) => endedMs > since);
    const found: Record<string, Attempts> = {};
    for (const { at, outcome } of this.#attempts) {
      const counts = found[at] ?? { connected: 0, refused: 0, silent: 0 };
      found[at] = { ...counts, [outcome]: counts[outcome] + 1 };
    }
    return found;
  }
}
