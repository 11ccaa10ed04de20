import type { Log } from "./log.ts";

const INTERVAL_MS = 60_000;

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
    this.#timer = setTimeout(() => this.#write(), INTERVAL_MS);
    this.#timer.unref();
  }
}
