import { expect, test } from "bun:test";
import fc from "fast-check";
import { type AddedValue, judgeLists, type ListRead } from "./city-list.ts";

const added = (value: string, start: number, acknowledgedAt: number): AddedValue => ({
  value,
  dateTime: 1,
  start,
  acknowledgedAt,
});
const list = (op: number, start: number, end: number, ...seen: string[]): ListRead => ({
  op,
  start,
  end,
  from: 0,
  seen: new Set(seen),
});

function kinds(values: readonly AddedValue[], lists: readonly ListRead[]): string[] {
  return judgeLists("city/1", values, lists).map(({ kind }) => kind);
}

test("a list shows what was acknowledged before it began, and may show what was under way", () => {
  expect(kinds([added("a", 0, 1), added("b", 0, Infinity)], [list(1, 2, 3, "a"), list(2, 4, 5, "a", "b")])).toEqual([]);
  expect(kinds([added("a", 0, 1)], [list(1, 2, 3)])).toEqual(["stale-read"]);
});

test("what one list showed, a later one must show", () => {
  expect(kinds([added("a", 0, Infinity)], [list(1, 1, 2, "a"), list(2, 3, 4)])).toEqual(["read-went-back"]);
});

test("a list that shows a value is as new as that value's request, whenever it began", () => {
  expect(kinds([added("a", 1, 2), added("b", 3, 4)], [list(1, 0, 9, "b")])).toEqual(["stale-read"]);
});

test("two lists at the same time must not show two values in different orders", () => {
  const both = [added("a", 0, 9), added("b", 0, 9)];
  expect(kinds(both, [list(1, 1, 8, "a"), list(2, 1, 8, "b")])).toEqual(["contradictory-reads"]);
});

test("what was not asked for is not missed", () => {
  const old = { ...added("a", 0, 1), dateTime: 5 };
  expect(kinds([old], [{ ...list(1, 2, 3), from: 6 }])).toEqual([]);
  expect(kinds([old], [{ ...list(1, 2, 3), from: 5 }])).toEqual(["stale-read"]);
});

test("a value that nobody sent to this city, or not yet, is found", () => {
  expect(kinds([added("a", 4, 5)], [list(1, 2, 3, "a")])).toEqual(["invented"]);
  expect(kinds([], [list(1, 2, 3, "a")])).toEqual(["invented"]);
});

test("agrees with trying all orders, whatever the history", () => {
  let refused = 0;
  let allowed = 0;
  fc.assert(
    fc.property(smallHistory, ({ values, lists }) => {
      const possible = canBeOrdered(values, lists, new Set());
      if (possible) allowed += 1;
      else refused += 1;
      expect(kinds(values, lists).length === 0).toBe(possible);
    }),
    { numRuns: 5_000 },
  );
  expect(Math.min(refused, allowed)).toBeGreaterThan(300);
});

/** Moments are all different, as on a fine clock. */
const smallHistory = fc
  .record({
    moments: fc.shuffledSubarray([...Array(14).keys()], { minLength: 14, maxLength: 14 }),
    acknowledged: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
    seen: fc.array(fc.subarray(["v0", "v1", "v2"]), { minLength: 1, maxLength: 4 }),
  })
  .map(({ moments, acknowledged, seen }) => {
    const interval = (index: number): [number, number] => {
      const [one = 0, other = 0] = moments.slice(2 * index, 2 * index + 2);
      return [Math.min(one, other), Math.max(one, other)];
    };
    return {
      values: acknowledged.map((isAcknowledged, index) => {
        const [start, end] = interval(index);
        return added(`v${index}`, start, isAcknowledged ? end : Infinity);
      }),
      lists: seen.map((values, index) => list(index, ...interval(acknowledged.length + index), ...values)),
    };
  });

/** Tries every operation that may come first; an addition without an answer may also be left out. */
function canBeOrdered(values: readonly AddedValue[], lists: readonly ListRead[], state: ReadonlySet<string>): boolean {
  if (lists.length === 0) return true;
  const firstEnd = Math.min(...values.map(({ acknowledgedAt }) => acknowledgedAt), ...lists.map(({ end }) => end));
  return (
    lists.some(
      (each) =>
        each.start <= firstEnd &&
        each.seen.size === state.size &&
        each.seen.isSubsetOf(state) &&
        canBeOrdered(
          values,
          lists.filter((other) => other !== each),
          state,
        ),
    ) ||
    values.some(
      (each) =>
        each.start <= firstEnd &&
        canBeOrdered(
          values.filter((other) => other !== each),
          lists,
          new Set([...state, each.value]),
        ),
    )
  );
}
