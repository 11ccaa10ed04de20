import type { RouteSecond } from "../record/record.ts";

/** What is known of the answers of one second. Of `requests` only the relation to those of other seconds matters. */
export type KnownPercentiles = Pick<RouteSecond, "requests" | "latency">;

/** Halvings of the range in which the percentile is looked for: far below what is known. */
const HALVINGS = 30;

/** The slowest answer of a second is not known; it is taken as so many times P99. Matters for P99 only. */
const SLOWEST_IN_P99S = 2;

/**
 * A percentile (ms) of many seconds of which only percentiles are known: their distributions are drawn through the known points and added up, weighted by
 * their answers. A mean or median of percentiles would be wrong: one second in five full of slow answers moves the true P95 and not the median.
 * @param share of the answers, up to 0.99
 */
export function mixedPercentile(seconds: readonly KnownPercentiles[], share: number): number | undefined {
  const known = seconds.flatMap(({ requests, latency }) =>
    latency === undefined || requests <= 0 ? [] : [{ requests, curve: curveOf(latency) }],
  );
  const all = known.reduce((sum, { requests }) => sum + requests, 0);
  if (all === 0) return undefined;
  const shareUpTo = (ms: number): number =>
    known.reduce((sum, { requests, curve }) => sum + requests * shareOf(curve, ms), 0) / all;
  let [low, high] = [0, Math.max(...known.map(({ curve }) => curve.at(-1)?.[0] ?? 0))];
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (low + high) / 2;
    if (shareUpTo(middle) >= share) high = middle;
    else low = middle;
  }
  return high;
}

/** Points of milliseconds and the share of answers up to there. */
type Curve = readonly (readonly [number, number])[];

function curveOf({ p50, p90, p95, p99 }: NonNullable<KnownPercentiles["latency"]>): Curve {
  return [
    [0, 0],
    [p50, 0.5],
    [p90, 0.9],
    [p95, 0.95],
    [p99, 0.99],
    [p99 * SLOWEST_IN_P99S, 1],
  ];
}

function shareOf(curve: Curve, ms: number): number {
  let [left, below] = [0, 0];
  for (const [right, above] of curve) {
    if (ms < right) return below + (above - below) * partOfWay(left, ms, right);
    [left, below] = [right, above];
  }
  return below;
}

/** Latencies spread by factors rather than by sums: straight in the logarithm, where there is one. */
function partOfWay(left: number, ms: number, right: number): number {
  return left > 0 ? (Math.log(ms) - Math.log(left)) / (Math.log(right) - Math.log(left)) : (ms - left) / (right - left);
}
