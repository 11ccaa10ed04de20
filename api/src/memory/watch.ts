import { readFileSync } from "node:fs";
import type { Garbage } from "./garbage.ts";

const INTERVAL_MS = 250;
/** A collection takes about 10 ms, and the memory that it frees goes back to the system some 100 ms later. */
const MIN_PAUSE_MS = 500;
/** Garbage is not kept longer than this: what a burst needed is given back. */
const MAX_PAUSE_MS = 10_000;
const MIN_GARBAGE_BYTES = 1_048_576;
const PAGE_BYTES = 4_096;

/**
 * Collects garbage when the process needs more than `limitBytes`, because what is counted is not all, and what a burst has
 * left. Returns a function that ends it. Where /proc is missing, only the latter.
 */
export function watchMemory(limitBytes: number, garbage: Garbage): () => void {
  const timer = setInterval(() => {
    const { ageMs, bytes } = garbage;
    const isOld = ageMs > MAX_PAUSE_MS && bytes > MIN_GARBAGE_BYTES;
    if (isOld || (ageMs > MIN_PAUSE_MS && ownBytes() > limitBytes)) garbage.collect();
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
