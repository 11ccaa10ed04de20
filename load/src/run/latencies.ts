import type { Latency, RouteSecond } from "../record/record.ts";

/** Collected answers with their durations, ms. Percentiles are k6's: between two ranks, interpolated. */
export class Answers {
  readonly #values: number[] = [];
  #sorted: Float64Array | undefined;
  failed = 0;

  add(ms: number, failed = false): void {
    if (failed) this.failed += 1;
    this.#values.push(ms);
    this.#sorted = undefined;
  }

  get count(): number {
    return this.#values.length;
  }

  percentile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    this.#sorted ??= Float64Array.from(this.#values).sort();
    const rank = share * (this.count - 1);
    const [below = 0, above = 0] = [this.#sorted[Math.floor(rank)], this.#sorted[Math.ceil(rank)]];
    return below + (above - below) * (rank - Math.floor(rank));
  }

  summary(): RouteSecond {
    return { requests: this.count, failed: this.failed, latency: this.latency() };
  }

  latency(): Latency | undefined {
    const [p50, p90, p95, p99] = [0.5, 0.9, 0.95, 0.99].map((share) => this.percentile(share));
    if (p50 === undefined || p90 === undefined || p95 === undefined || p99 === undefined) return undefined;
    return { p50, p90, p95, p99 };
  }

  mean(): number {
    return this.#values.reduce((sum, ms) => sum + ms, 0) / Math.max(1, this.count);
  }

  max(): number {
    return this.percentile(1) ?? 0;
  }
}

/** A bucket is 1 % wider than the one before: percentiles are right to half a percent. */
const GROWTH = Math.log(1.01);
/** Below this, all is one bucket. */
const SMALLEST_MS = 0.01;

/** Percentiles of everything so far, at the same cost for the first and the millionth answer: for what is checked every second. */
export class LatencySketch {
  readonly #counts: number[] = [];
  #count = 0;

  add(ms: number): void {
    const bucket = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log(ms / SMALLEST_MS) / GROWTH);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
  }

  /** ms; undefined where there is nothing. */
  percentile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = share * (this.#count - 1);
    for (const [bucket, count = 0] of this.#counts.entries()) {
      left -= count;
      if (left < 0) return bucket === 0 ? SMALLEST_MS : SMALLEST_MS * Math.exp((bucket - 0.5) * GROWTH);
    }
    return SMALLEST_MS * Math.exp(this.#counts.length * GROWTH);
  }
}
