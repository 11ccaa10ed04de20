import { at, type Violation } from "./violation.ts";

/** One value that a row was set to; null is "there is no such row", before all writes. Values of one row are all different. */
export interface RegisterWrite {
  readonly value: string | null;
  readonly start: number;
  /** Infinity where the outcome is unknown: it may happen at any later time, or never. */
  readonly end: number;
  readonly acknowledged: boolean;
}

export interface RegisterRead {
  readonly value: string | null;
  readonly start: number;
  readonly end: number;
  /** The row as the database has it when all is over. */
  readonly final: boolean;
}

/**
 * Whether all that clients saw of one row could have happened one after the other, each operation at some moment between its
 * request and its answer (linearizability): the rule for histories whose written values are all different, by Gibbons and Korach,
 * "Testing Shared Memories" (SIAM J. Comput. 26, 1997). It is exact: no false alarm, and every impossible history is found.
 */
export function judgeRegister(name: string, writes: readonly RegisterWrite[], reads: readonly RegisterRead[]) {
  const writeOf = new Map(writes.map((write) => [write.value, write]));
  const readsOf = Map.groupBy(reads, ({ value }) => value);
  const violations: Violation[] = [];
  const zones: Zone[] = [];
  for (const value of readsOf.keys()) {
    if (!writeOf.has(value))
      violations.push({ kind: "invented", what: `${name}: ${value} was read, and nobody wrote it` });
  }
  for (const [value, write] of writeOf) {
    const seen = readsOf.get(value) ?? [];
    const early = seen.find(({ end }) => end < write.start);
    if (early)
      violations.push({
        kind: "invented",
        what: `${name}: ${value} was read ${at(early.end)}, before it was written ${at(write.start)}`,
      });
    // A write that nobody acknowledged and nobody saw need not have happened.
    else if (write.acknowledged || seen.length > 0) zones.push(zoneOf(write, seen));
  }
  return [...violations, ...conflicts(name, zones)];
}

/**
 * From the first end to the last start of a value's operations. Where the end lies first ("certain"), the row certainly
 * held the value all that time; else one moment between the two is enough for all of them.
 */
function zoneOf(write: RegisterWrite, reads: readonly RegisterRead[]) {
  let { end: firstEnd, start: lastStart } = write;
  let lastIsFinal = false;
  for (const read of reads) {
    firstEnd = Math.min(firstEnd, read.end);
    if (read.start < lastStart) continue;
    lastStart = read.start;
    lastIsFinal = read.final;
  }
  return {
    value: write.value,
    firstEnd,
    lastStart,
    certain: firstEnd < lastStart,
    /** Whether its acknowledgement came before any read saw it. */
    acknowledgedFirst: firstEnd === write.end,
    lastIsFinal,
  };
}
type Zone = Readonly<ReturnType<typeof zoneOf>>;

/** The row holds one value at a time: certain times exclude each other, and leave a moment for the others. */
function conflicts(name: string, zones: readonly Zone[]): Violation[] {
  const found: Violation[] = [];
  const certain = zones.filter((zone) => zone.certain).sort((one, other) => one.firstEnd - other.firstEnd);
  let longest: Zone | undefined;
  /** Of the certain zones up to each one, the one that ends last. */
  const longestUpTo: Zone[] = [];
  for (const zone of certain) {
    if (longest && longest.lastStart > zone.firstEnd) found.push(conflict(name, longest, zone));
    if (!longest || zone.lastStart > longest.lastStart) longest = zone;
    longestUpTo.push(longest);
  }
  for (const zone of zones) {
    if (zone.certain) continue;
    const before = countBefore(certain, zone.lastStart);
    const around = longestUpTo[before - 1];
    if (around && zone.firstEnd < around.lastStart) found.push(conflict(name, around, zone));
  }
  return found;
}

/** How many of the zones, which are sorted, begin before the moment. */
function countBefore(zones: readonly Zone[], moment: number): number {
  let low = 0;
  let high = zones.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((zones[middle]?.firstEnd ?? 0) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function conflict(name: string, old: Zone, replacement: Zone): Violation {
  const kind = old.lastIsFinal ? "lost" : replacement.acknowledgedFirst ? "stale-read" : "read-went-back";
  const how = replacement.acknowledgedFirst ? "acknowledged" : "read";
  const where = old.lastIsFinal ? "in the database at the end" : `read by a request sent ${at(old.lastStart)}`;
  return {
    kind,
    what: `${name}: ${old.value} was ${where}, although ${replacement.value} had been ${how} ${at(replacement.firstEnd)}`,
  };
}
