import { connect } from "node:net";
import type { Endpoint } from "./connection.ts";

/** Less than the second after which a lost SYN is sent again. */
const DEADLINE_MS = 600;
/** Attempts take places of the firewall's limit per client until the server has noticed that they ended: rarely, and more rarely in a long outage. */
const INTERVAL_MS = { first: 500, later: 1_000 } as const;
const LONG_MS = 10_000;
/** Through a proxy's port, an attempt would say something about the proxy, and take two places. */
const PORT = 5432;
/** How long an attempt says something about the present. */
const RECENT_MS = 2_500;

/** How the recent attempts to connect to an endpoint ended. */
export interface Attempts {
  readonly connected: number;
  /** The machine answered that nothing listens. */
  readonly refused: number;
  readonly silent: number;
}

/** Whether database servers accept connections. It tries only when `look` is called, at most twice a second. */
export class Reach {
  #attempts: { readonly at: string; readonly outcome: keyof Attempts; readonly endedMs: number }[] = [];
  #startedMs = Number.NEGATIVE_INFINITY;

  /** @param port of the endpoints that are servers themselves */
  constructor(
    readonly endpoints: readonly Endpoint[],
    readonly port = PORT,
  ) {}

  /** @param waitingMs how long the outage lasts */
  look(waitingMs: number): void {
    const now = performance.now();
    if (now - this.#startedMs < (waitingMs < LONG_MS ? INTERVAL_MS.first : INTERVAL_MS.later)) return;
    this.#startedMs = now;
    for (const { host, port } of this.endpoints) {
      if (port !== this.port) continue;
      const at = `${host}:${port}`;
      const socket = connect({ host, port });
      const end = (outcome: keyof Attempts): void => {
        clearTimeout(late);
        // Not in order: an end that waits for the server would take a place for so long.
        socket.resetAndDestroy();
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
