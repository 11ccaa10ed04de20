import pino from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = pino.Logger;

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** JSON lines on standard output. Nothing that is logged holds a body, a header's value or a connection string. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 1, sync: true }),
  );
}

/** Returns what does as it is asked at most once in an interval. */
export function reminder(intervalMs: number): (work: () => void) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (work) => {
    if (performance.now() - last < intervalMs) return;
    last = performance.now();
    work();
  };
}

const WARNING_INTERVAL_MS = 60_000;

/** A warning about what may happen thousands of times in a second: one line at once, then one a minute with the number. */
export class CountedWarning {
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly log: Log,
    readonly message: string,
    readonly details: () => object = () => ({}),
  ) {}

  happened(): void {
    this.#count += 1;
    if (this.#timer === undefined) this.#write();
  }

  #write(): void {
    this.#timer = undefined;
    if (this.#count === 0) return;
    this.log.warn({ count: this.#count, ...this.details() }, this.message);
    this.#count = 0;
    this.#timer = setTimeout(() => this.#write(), WARNING_INTERVAL_MS);
    this.#timer.unref();
  }
}
