/** A bucket is 1 % wider than the one before: percentiles are right to half a percent. */
const GROWTH = Math.log(1.01);
/** Below this, ms, all is one bucket. */
const SMALLEST = 0.01;

/** Percentiles of everything so far, at the same cost for the first and the millionth answer: what is looked at every second. */
export class LatencySketch {
  readonly #counts: number[] = [];
  #count = 0;

  add(ms: number): void {
    const bucket = ms <= SMALLEST ? 0 : Math.ceil(Math.log(ms / SMALLEST) / GROWTH);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
  }

  /** ms; undefined where there is nothing. */
  percentile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = share * (this.#count - 1);
    for (const [bucket, count = 0] of this.#counts.entries()) {
      left -= count;
      if (left < 0) return bucket === 0 ? SMALLEST : SMALLEST * Math.exp((bucket - 0.5) * GROWTH);
    }
    return SMALLEST * Math.exp(this.#counts.length * GROWTH);
  }
}
