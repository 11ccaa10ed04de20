import type { Held } from "../model/piece.ts";

/** Holds parts of the model or of lists, some of which nothing else needs any more. */
export interface Holder {
  held(): Iterable<Held>;
}

/**
 * What each holder keeps alive, in bytes, that neither the model, the cache nor a later holder needs.
 *
 * @param holders the oldest first: what several of them hold counts for the last
 */
export function pinnedBytes(holders: readonly Holder[]): number[] {
  const seen = new Set<Held>();
  return holders
    .toReversed()
    .map((holder) => {
      let bytes = 0;
      for (const held of holder.held()) {
        if (!held.isReplaced || seen.has(held)) continue;
        seen.add(held);
        bytes += held.heldBytes;
      }
      return bytes;
    })
    .toReversed();
}
