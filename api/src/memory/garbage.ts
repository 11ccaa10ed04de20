import { readFileSync } from "node:fs";
import { MEBIBYTE, type Shares } from "./shares.ts";

const INTERVAL_MS = 250;
/** A collection takes 10 to 40 ms of CPU, and the memory that it frees goes back to the system some 100 ms later. */
const MIN_PAUSE_MS = 500;
/** Where a collection does not help, the next one waits for so many times its duration. */
const PAUSE_FACTOR = 10;
/** Garbage is not kept longer than this: what a burst needed is given back. */
const MAX_PAUSE_MS = 10_000;
const MIN_GARBAGE_BYTES = MEBIBYTE;
const PAGE_BYTES = 4_096;

/**
 * Collects garbage before the process needs more memory than it may have. The runtime lets garbage grow with what is alive:
 * up to 50 MB beside 30 MB of data were measured, which a container of 128 MiB does not have.
 */
export class Garbage {
  #bytes = 0;
  #peakBytes = 0;
  #collectedMs = Number.NEGATIVE_INFINITY;
  #pauseMs = MIN_PAUSE_MS;

  constructor(
    readonly limits: Pick<Shares, "garbage" | "process">,
    readonly collectNow: () => void,
  ) {}

  /** The most that was there at once, as far as it is counted: the runtime keeps this memory for more. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  made(bytes: number): void {
    this.#bytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    if (this.#bytes >= this.limits.garbage) this.#collect();
  }

  /**
   * Looks at the process' memory at intervals, because what is counted is not all.
   * @param giveWay called before
   * @returns a function that ends it
   */
  watch(giveWay: () => void): () => void {
    const timer = setInterval(() => {
      giveWay();
      const ageMs = performance.now() - this.#collectedMs;
      const isOld = ageMs > MAX_PAUSE_MS && this.#bytes > MIN_GARBAGE_BYTES;
      if (isOld || (ageMs > this.#pauseMs && ownBytes() > this.limits.process)) this.#collect();
    }, INTERVAL_MS);
    return () => clearInterval(timer);
  }

  #collect(): void {
    this.#bytes = 0;
    const startedMs = performance.now();
    this.collectNow();
    this.#collectedMs = performance.now();
    this.#pauseMs = Math.max(MIN_PAUSE_MS, PAUSE_FACTOR * (this.#collectedMs - startedMs));
  }
}

/** Memory of this process alone, without file pages; 0 where /proc is missing. */
function ownBytes(): number {
  try {
    const [, resident = 0, shared = 0] = readFileSync("/proc/self/statm", "utf8").split(" ").map(Number);
    return (resident - shared) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
