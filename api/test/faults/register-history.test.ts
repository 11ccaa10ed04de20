import { expect, test } from "bun:test";
import fc from "fast-check";
import { RegisterHistory } from "./register-history.ts";

interface Operation {
  readonly kind: "write" | "read";
  readonly value: number;
  readonly startedAt: number;
  /** Infinity for a write that was never acknowledged. */
  readonly endedAt: number;
}

const write = (value: number, startedAt: number, endedAt: number): Operation => ({
  kind: "write",
  value,
  startedAt,
  endedAt,
});
const read = (value: number, startedAt: number, endedAt: number): Operation => ({
  kind: "read",
  value,
  startedAt,
  endedAt,
});

function violations(operations: readonly Operation[]): string[] {
  const history = new RegisterHistory("x", 0);
  for (const { kind, value, startedAt, endedAt } of operations) {
    if (kind === "read") history.read(value, startedAt, endedAt);
    else {
      history.writeStarted(value, startedAt);
      if (endedAt < Infinity) history.writeAcknowledged(value, endedAt);
    }
  }
  return history.violations();
}

test("a read after an acknowledged write must see it", () => {
  expect(violations([write(1, 0, 1), read(1, 2, 3)])).toEqual([]);
  expect(violations([write(1, 0, 1), read(0, 2, 3)])).toEqual(["x: 0 was still there after 1 had replaced it"]);
});

test("a read beside a write may see it or not", () => {
  expect(violations([write(1, 0, 5), read(0, 1, 2), read(1, 3, 4)])).toEqual([]);
});

test("what one read saw, the next one must not have forgotten, even while the write is under way", () => {
  expect(violations([write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)])).not.toEqual([]);
});

test("a write that was never acknowledged may come late, once, or never", () => {
  const unknown = write(1, 0, Infinity);
  expect(violations([unknown, write(2, 1, 2), read(2, 3, 4)])).toEqual([]);
  expect(violations([unknown, write(2, 1, 2), read(2, 3, 4), read(1, 5, 6)])).toEqual([]);
  expect(violations([unknown, read(1, 1, 2), write(2, 3, 4), read(1, 5, 6)])).toEqual([
    "x: 1 was still there after 2 had replaced it",
  ]);
});

test("an overwritten value that comes back is found", () => {
  expect(violations([write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)])).toEqual([
    "x: 1 was still there after 2 had replaced it",
  ]);
  expect(violations([write(1, 0, 1), write(2, 2, 3), read(2, 4, 5), read(1, 6, 7)])).toEqual([
    "x: 1 was still there after 2 had replaced it",
  ]);
});

test("a value that nobody wrote, or not yet, is found", () => {
  expect(violations([read(7, 0, 1)])).toEqual(["x: 7 was read, and nobody wrote it"]);
  expect(violations([read(1, 0, 1), write(1, 2, 3)])).toContain("x: 1 was read before it was written");
});

test("agrees with trying all orders, whatever the history", () => {
  let refused = 0;
  fc.assert(
    fc.property(smallHistory, (operations) => {
      const possible = canBeOrdered(operations, 0);
      if (!possible) refused += 1;
      expect(violations(operations).length === 0).toBe(possible);
    }),
    { numRuns: 3_000 },
  );
  expect(refused).toBeGreaterThan(300);
});

/** Moments are all different, as on a fine clock. */
const smallHistory = fc
  .record({
    moments: fc.shuffledSubarray(
      Array.from({ length: 12 }, (_, index) => index),
      { minLength: 12, maxLength: 12 },
    ),
    writes: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
    reads: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
  })
  .map(({ moments, writes, reads }) => {
    const interval = (index: number): [number, number] => {
      const [a = 0, b = 0] = moments.slice(2 * index, 2 * index + 2);
      return [Math.min(a, b), Math.max(a, b)];
    };
    return [
      ...writes.map((acknowledged, index) => {
        const [from, to] = interval(index);
        return write(index + 1, from, acknowledged ? to : Infinity);
      }),
      ...reads.map((value, index) => read(value, ...interval(writes.length + index))),
    ];
  });

/** Tries every operation that may come first; an unacknowledged write may also be left out. */
function canBeOrdered(left: readonly Operation[], value: number): boolean {
  if (left.every(({ kind, endedAt }) => kind === "write" && endedAt === Infinity)) return true;
  const firstEnd = Math.min(...left.map(({ endedAt }) => endedAt));
  return left.some((operation) => {
    if (operation.startedAt > firstEnd) return false;
    if (operation.kind === "read" && operation.value !== value) return false;
    const rest = left.filter((other) => other !== operation);
    return canBeOrdered(rest, operation.kind === "write" ? operation.value : value);
  });
}
