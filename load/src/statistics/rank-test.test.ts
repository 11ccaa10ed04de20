import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { minPossible, rankTest } from "./rank-test.ts";

/** Few different numbers, so that there are ties. */
const values = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 6 });

describe("the exact rank test", () => {
  test("agrees with dealing the values in every possible way", () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        expect(rankTest(one, other)).toBeCloseTo(byDealing(one, other), 12);
      }),
    );
  });

  test("gives the probabilities of the published tables", () => {
    expect(rankTest([1, 2, 3, 4], [5, 6, 7, 8])).toBeCloseTo(2 / 70, 12);
    expect(rankTest([1, 2, 3], [4, 5, 6])).toBeCloseTo(2 / 20, 12);
    expect(rankTest([1, 2, 3, 5], [4, 6, 7, 8])).toBeCloseTo(4 / 70, 12);
  });

  test("is the same the other way round, and whatever unit the values have", () => {
    fc.assert(
      fc.property(values, values, fc.constantFrom(0.25, 2, 1024), (one, other, unit) => {
        const p = rankTest(one, other);
        expect(rankTest(other, one)).toBeCloseTo(p, 12);
        expect(
          rankTest(
            one.map((value) => value * unit),
            other.map((value) => value * unit),
          ),
        ).toBe(p);
      }),
    );
  });

  test("never goes below what groups of these sizes can give without ties", () => {
    const different = fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 10 });
    fc.assert(
      fc.property(different, fc.nat(), (all, cut) => {
        const size = 1 + (cut % (all.length - 1));
        const [one, other] = [all.slice(0, size), all.slice(size)];
        expect(rankTest(one, other)).toBeGreaterThanOrEqual(minPossible(one.length, other.length) - 1e-12);
      }),
    );
    expect(minPossible(4, 4)).toBeCloseTo(2 / 70, 12);
    expect(minPossible(0, 9)).toBe(1);
  });
});

function byDealing(one: readonly number[], other: readonly number[]): number {
  const all = [...one, ...other];
  const rank = (value: number): number =>
    all.filter((each) => each < value).length + (all.filter((each) => each === value).length + 1) / 2;
  const ranks = all.map(rank);
  const mean = (ranks.reduce((sum, each) => sum + each, 0) * one.length) / all.length;
  const distance = (chosen: readonly number[]): number =>
    Math.abs(chosen.reduce((sum, at) => sum + (ranks[at] ?? 0), 0) - mean);
  const here = distance(one.map((_, at) => at));
  const dealings = choose(all.length, one.length);
  return dealings.filter((chosen) => distance(chosen) >= here).length / dealings.length;
}

function choose(from: number, size: number): number[][] {
  if (size === 0) return [[]];
  if (from < size) return [];
  return [...choose(from - 1, size), ...choose(from - 1, size - 1).map((chosen) => [...chosen, from - 1])];
}
