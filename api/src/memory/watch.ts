import { readFileSync } from "node:fs";

const INTERVAL_MS = 100;
/** A collection takes about 10 ms, and the memory that it frees goes back to the system some 100 ms later. */
const PAUSE_MS = 500;
const PAGE_BYTES = 4_096;

/**
 * Collects garbage when the process needs more than `limitBytes`, whatever made it: what is counted is not all. Returns a
 * function that ends it. Does nothing where /proc is missing.
 */
export function watchMemory(limitBytes: number, collect: () => void): () => void {
  let collectedAt = 0;
  const timer = setInterval(() => {
    if (performance.now() - collectedAt < PAUSE_MS || ownBytes() < limitBytes) return;
    collect();
    collectedAt = performance.now();
  }, INTERVAL_MS);
  return () => clearInterval(timer);
}

/** Memory of this process alone, without file pages; 0 where it cannot be known. */
function ownBytes(): number {
  try {
    const [, resident = 0, shared = 0] = readFileSync("/proc/self/statm", "utf8").split(" ").map(Number);
    return (resident - shared) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
