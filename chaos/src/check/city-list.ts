import { at, type Violation } from "./violation.ts";

/** A value added to a city; it is never changed. */
export interface AddedValue {
  readonly value: string;
  readonly dateTime: number;
  readonly start: number;
  /** When it was acknowledged; Infinity where it was not. */
  readonly acknowledgedAt: number;
}

export interface ListRead {
  readonly op: number;
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly seen: ReadonlySet<string>;
  /** False: it took several requests. Then it must show what was acknowledged before the first one, and no more. */
  readonly isOneMoment?: boolean;
}

/** From when on everybody must see a value, and whether another list showed it or its own acknowledgement said it. */
interface Certainty {
  readonly since: number;
  readonly shown: boolean;
}

interface Sight extends ListRead {
  /** It can have happened no sooner: after its request, and after the requests for all it shows. */
  readonly earliest: number;
}

/**
 * Whether all lists of one city could have happened one after the other, between the additions, each at some moment between its
 * request and its answer. Four rules: a list shows nothing that was not asked to be added before the list's end; it shows all
 * that was acknowledged, or shown by a list that ended, before its earliest moment; and of two lists one shows all that
 * the other shows, as far as both asked for it.
 */
export function judgeLists(name: string, added: readonly AddedValue[], lists: readonly ListRead[]) {
  const byValue = new Map(added.map((value) => [value.value, value]));
  const violations: Violation[] = [];
  const sights: Sight[] = [];
  const certain = new Map<string, Certainty>(
    added.map(({ value, acknowledgedAt }) => [value, { since: acknowledgedAt, shown: false }]),
  );
  for (const list of lists) {
    const { isOneMoment = true } = list;
    let earliest = list.start;
    for (const value of list.seen) {
      const request = byValue.get(value);
      if (!request || request.start > list.end) {
        violations.push({
          kind: "invented",
          what: `${name}: list ${list.op} shows ${value} ${at(list.end)}, ${request ? "before it was sent" : "which nobody sent to this city"}`,
        });
        continue;
      }
      if (isOneMoment) earliest = Math.max(earliest, request.start);
      if (list.end < (certain.get(value)?.since ?? Number.POSITIVE_INFINITY))
        certain.set(value, { since: list.end, shown: true });
    }
    sights.push({ ...list, earliest });
  }
  const byTime = [...added].sort((one, other) => one.dateTime - other.dateTime);
  for (const sight of sights) violations.push(...missing(name, sight, byTime, certain));
  const moments = sights.filter(({ isOneMoment = true }) => isOneMoment);
  violations.push(...contradictions(name, moments, byValue));
  return violations;
}

/** One violation for all that a list misses for the same reason. */
function missing(
  name: string,
  sight: Sight,
  byTime: readonly AddedValue[],
  certain: ReadonlyMap<string, Certainty>,
): Violation[] {
  const found: (Certainty & { readonly value: string })[] = [];
  for (let index = byTime.length - 1; index >= 0; index -= 1) {
    const added = byTime[index];
    if (!added || added.dateTime < sight.from) break;
    const certainty = certain.get(added.value);
    if (certainty && certainty.since < sight.earliest && !sight.seen.has(added.value))
      found.push({ value: added.value, ...certainty });
  }
  return [...Map.groupBy(found, ({ shown }) => shown)].flatMap(([shown, [first, ...others]]) => {
    if (!first) return [];
    const more = others.length > 0 ? `, and ${others.length} others` : "";
    return {
      kind: shown ? "read-went-back" : "stale-read",
      what: `${name}: list ${sight.op}, sent ${at(sight.start)}, misses ${first.value}, ${shown ? "shown by another list" : "acknowledged"} ${at(first.since)}${more}`,
    };
  });
}

/** Lists that did not overlap are judged by `missing` already. */
function contradictions(name: string, sights: readonly Sight[], added: ReadonlyMap<string, AddedValue>): Violation[] {
  const found: Violation[] = [];
  const byStart = [...sights].sort((one, other) => one.start - other.start);
  for (const [index, one] of byStart.entries()) {
    for (let next = index + 1; next < byStart.length; next += 1) {
      const other = byStart[next];
      if (!other || other.start > one.end) break;
      const onlyOne = firstOnlyIn(one, other, added);
      const onlyOther = firstOnlyIn(other, one, added);
      if (onlyOne !== undefined && onlyOther !== undefined)
        found.push({
          kind: "contradictory-reads",
          what: `${name}: list ${one.op} shows ${onlyOne} without ${onlyOther}, and list ${other.op} the other way round`,
        });
    }
  }
  return found;
}

function firstOnlyIn(one: Sight, other: Sight, added: ReadonlyMap<string, AddedValue>): string | undefined {
  for (const value of one.seen) {
    if (!other.seen.has(value) && (added.get(value)?.dateTime ?? Number.NEGATIVE_INFINITY) >= other.from) return value;
  }
  return undefined;
}
