import { createHash, timingSafeEqual } from "node:crypto";
import { type BlockList, isIP } from "node:net";
import { NO_KEY, Problem } from "./problem.ts";

/** How long the keys of a file are used before it is read again, ms. */
const REREAD_MS = 1_000;

/**
 * Returns a check that throws Problem 401 unless the request carries one of the keys. If neither `keys` nor `fileKeys` are
 * given, all requests pass.
 *
 * @param fileKeys reads the file of keys; when it throws, those that it returned last go on
 */
export function requireApiKey(
  keys: readonly string[],
  fileKeys?: () => readonly string[],
  onError: (error: unknown) => void = () => {},
  nowMs: () => number = () => performance.now(),
): (request: Request) => void {
  const fixed = keys.map(digest);
  let ofFile: readonly Buffer[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  const reread = () => {
    readAtMs = nowMs();
    try {
      ofFile = fileKeys?.().map(digest) ?? [];
    } catch (error) {
      onError(error);
    }
  };
  return (request) => {
    if (fixed.length === 0 && !fileKeys) return;
    if (nowMs() - readAtMs >= REREAD_MS) reread();
    const given = digest(request.headers.get("x-api-key") ?? "");
    // Every key is compared, in constant time: the duration reveals nothing about a key.
    const known = [...fixed, ...ofFile].filter((key) => timingSafeEqual(key, given)).length > 0;
    if (!known) throw new Problem(401, NO_KEY, { headers: { "www-authenticate": "ApiKey" } });
  };
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/**
 * A client's address: the peer's, or what a trusted proxy reports. Entries of X-Forwarded-For count from the last one on,
 * as long as the one after them is a trusted proxy's; a client writes there what it likes.
 */
export function clientOf(peer: string, forwardedFor: string | null, proxies: BlockList): string {
  const entries = forwardedFor?.split(",") ?? [];
  let client = peer;
  for (let next = entries.pop()?.trim(); next && isIn(proxies, client); next = entries.pop()?.trim()) client = next;
  return client;
}

function isIn(addresses: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && addresses.check(address, version === 6 ? "ipv6" : "ipv4");
}

/**
 * Whether health and metrics are asked for from outside. Proxies add the header, and who is behind one cannot remove it; paths of an
 * ingress would not do, because they match with regard to case.
 */
export function isFromOutside(template: string, request: Request): boolean {
  return /^\/(?:healthz\/|metrics$)/.test(template) && request.headers.has("x-forwarded-for");
}

/** Probes are not: an orchestrator would restart a replica that is well. */
export function isRateLimited(template: string): boolean {
  return !template.startsWith("/healthz/");
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
