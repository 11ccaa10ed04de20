import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "./problem.ts";

/** Returns a check that throws Problem 401 unless the request carries one of the keys; without keys it lets all pass. */
export function requireApiKey(keys: readonly string[]): (request: Request) => void {
  const digests = keys.map(digest);
  return (request) => {
    if (digests.length === 0) return;
    const given = digest(request.headers.get("x-api-key") ?? "");
    // Compares with every key in constant time: the duration tells nothing about how much of a key was right.
    const known = digests.filter((key) => timingSafeEqual(key, given)).length > 0;
    if (!known) throw new Problem(401, "writes need a key in X-Api-Key", { headers: { "www-authenticate": "ApiKey" } });
  };
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
