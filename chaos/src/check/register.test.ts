import { expect, test } from "bun:test";
import fc from "fast-check";
import { judgeRegister, type RegisterRead, type RegisterWrite } from "./register.ts";

const write = (value: string, start: number, end: number): RegisterWrite => ({
  value,
  start,
  end,
  acknowledged: end < Infinity,
});
const read = (value: string, start: number, end: number, final = false): RegisterRead => ({ value, start, end, final });
const initial = write("0", -Infinity, -Infinity);

function kinds(writes: readonly RegisterWrite[], reads: readonly RegisterRead[]): string[] {
  return judgeRegister("x", [initial, ...writes], reads).map(({ kind }) => kind);
}

test("a read after an acknowledged write must see it", () => {
  expect(kinds([write("1", 0, 1)], [read("1", 2, 3)])).toEqual([]);
  expect(kinds([write("1", 0, 1)], [read("0", 2, 3)])).toEqual(["stale-read"]);
});

test("a read beside a write may see it or not, but what one saw the next must not forget", () => {
  expect(kinds([write("1", 0, 5)], [read("0", 1, 2), read("1", 3, 4)])).toEqual([]);
  expect(kinds([write("1", 0, 9)], [read("1", 1, 2), read("0", 3, 4)])).toEqual(["read-went-back"]);
});

test("a write without an answer may come late, once, or never", () => {
  const unknown = write("1", 0, Infinity);
  expect(kinds([unknown, write("2", 1, 2)], [read("2", 3, 4), read("1", 5, 6)])).toEqual([]);
  expect(kinds([unknown, write("2", 1, 2)], [read("2", 3, 4)])).toEqual([]);
  expect(kinds([unknown, write("2", 3, 4)], [read("1", 1, 2), read("1", 5, 6)])).not.toEqual([]);
});

test("an overwritten value that comes back is found", () => {
  expect(kinds([write("1", 0, 1), write("2", 2, 3)], [read("1", 4, 5)])).toEqual(["stale-read"]);
  expect(kinds([write("1", 0, 1), write("2", 2, 3)], [read("2", 4, 5), read("1", 6, 7)])).toEqual(["stale-read"]);
});

test("an acknowledged change that the database does not have at the end is lost", () => {
  expect(kinds([write("1", 0, 1)], [read("1", 2, 3), read("0", 10, Infinity, true)])).toEqual(["lost"]);
  expect(kinds([write("1", 0, Infinity)], [read("0", 10, Infinity, true)])).toEqual([]);
});

test("a value that nobody wrote, or not yet, is found", () => {
  expect(kinds([], [read("7", 0, 1)])).toEqual(["invented"]);
  expect(kinds([write("1", 2, 3)], [read("1", 0, 1)])).toEqual(["invented"]);
});

test("agrees with trying all orders, whatever the history", () => {
  let refused = 0;
  fc.assert(
    fc.property(smallHistory, ({ writes, reads }) => {
      const possible = canBeOrdered([...writes, ...reads], "0");
      if (!possible) refused += 1;
      expect(kinds(writes, reads).length === 0).toBe(possible);
    }),
    { numRuns: 3_000 },
  );
  expect(refused).toBeGreaterThan(300);
});

/** Moments are all different, as on a fine clock. */
const smallHistory = fc
  .record({
    moments: fc.shuffledSubarray([...Array(14).keys()], { minLength: 14, maxLength: 14 }),
    acknowledged: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
    values: fc.array(fc.constantFrom("0", "1", "2", "3"), { maxLength: 4 }),
  })
  .map(({ moments, acknowledged, values }) => {
    const interval = (index: number): [number, number] => {
      const [one = 0, other = 0] = moments.slice(2 * index, 2 * index + 2);
      return [Math.min(one, other), Math.max(one, other)];
    };
    return {
      writes: acknowledged.map((isAcknowledged, index) => {
        const [start, end] = interval(index);
        return write(String(index + 1), start, isAcknowledged ? end : Infinity);
      }),
      reads: values.map((value, index) => read(value, ...interval(acknowledged.length + index))),
    };
  });

/** Tries every operation that may come first; a write without an answer may also be left out. */
function canBeOrdered(left: readonly (RegisterWrite | RegisterRead)[], value: string | null): boolean {
  if (left.every((operation) => "acknowledged" in operation && !operation.acknowledged)) return true;
  const firstEnd = Math.min(...left.map(({ end }) => end));
  return left.some((operation) => {
    if (operation.start > firstEnd) return false;
    const isRead = "final" in operation;
    if (isRead && operation.value !== value) return false;
    return canBeOrdered(
      left.filter((other) => other !== operation),
      isRead ? value : operation.value,
    );
  });
}
