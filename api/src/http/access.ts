import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "./problem.ts";

/** Returns a check that throws Problem 401 unless the request carries one of the keys. Without keys all requests pass. */
export function requireApiKey(keys: readonly string[]): (request: Request) => void {
  const digests = keys.map(digest);
  return (request) => {
    if (digests.length === 0) return;
    const given = digest(request.headers.get("x-api-key") ?? "");
    // Every key is compared, in constant time: the duration reveals nothing about a key.
    const known = digests.filter((key) => timingSafeEqual(key, given)).length > 0;
    if (!known) throw new Problem(401, "writes need a key in X-Api-Key", { headers: { "www-authenticate": "ApiKey" } });
  };
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/** Maximum number of remembered clients. Beyond it the idle ones are forgotten. */
const MAX_CLIENTS = 100_000;

/**
 * A token bucket per client: `perSecond` requests a second on average, bursts of the same size.
 * Returns a check that throws Problem 429 with Retry-After. With a limit of 0 all requests pass.
 */
export function rateLimit(perSecond: number, nowMs: () => number = () => performance.now()): (client: string) => void {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (client) => {
    if (perSecond === 0) return;
    const now = nowMs();
    if (buckets.size > MAX_CLIENTS) forgetIdle(buckets, now);
    const bucket = buckets.get(client) ?? { tokens: perSecond, atMs: now };
    const tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.atMs) / 1_000) * perSecond);
    buckets.set(client, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: now });
    if (tokens < 1) {
      throw new Problem(429, `a client may make ${perSecond} requests a second`, {
        headers: { "retry-after": String(Math.max(1, Math.ceil((1 - tokens) / perSecond))) },
      });
    }
  };
}

/** A bucket that was not used for a second is full again: forgetting it changes nothing. */
function forgetIdle(buckets: Map<string, { atMs: number }>, nowMs: number): void {
  for (const [client, { atMs }] of buckets) if (nowMs - atMs > 1_000) buckets.delete(client);
}
