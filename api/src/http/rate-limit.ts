import { Problem } from "./problem.ts";

/** Clients remembered at most; the map is emptied of idle ones when it grows past that. */
const LARGEST = 100_000;

/**
 * A token bucket per client: `perSecond` requests a second on average, bursts of the same size.
 * Returns a check that throws Problem 429 with Retry-After; a limit of 0 lets all pass.
 */
export function rateLimit(perSecond: number, now: () => number = () => performance.now()): (client: string) => void {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (client) => {
    if (perSecond === 0) return;
    const time = now();
    if (buckets.size > LARGEST) forgetIdle(buckets, time);
    const bucket = buckets.get(client) ?? { tokens: perSecond, at: time };
    const tokens = Math.min(perSecond, bucket.tokens + ((time - bucket.at) / 1_000) * perSecond);
    buckets.set(client, { tokens: tokens < 1 ? tokens : tokens - 1, at: time });
    if (tokens < 1) {
      throw new Problem(429, `a client may make ${perSecond} requests a second`, {
        headers: { "retry-after": String(Math.max(1, Math.ceil((1 - tokens) / perSecond))) },
      });
    }
  };
}

/** A bucket that nobody touched for a second is full again: forgetting it changes nothing. */
function forgetIdle(buckets: Map<string, { at: number }>, time: number): void {
  for (const [client, { at }] of buckets) if (time - at > 1_000) buckets.delete(client);
}
