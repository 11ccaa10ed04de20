import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { differenceOf } from "./difference.ts";
import { normal, seededRandom } from "./seeded-random.fixture.ts";

const runs = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 8 });
const enough = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 4, maxLength: 8 });

describe("two sets of runs", () => {
  test("that are identical never differ", () => {
    fc.assert(
      fc.property(runs, (set) => {
        const difference = differenceOf(set, set);
        expect(difference).toMatchObject({ absolute: 0, relative: 0 });
        expect(difference?.judgement).not.toBe("exceeds");
      }),
    );
  });

  test("of less than four runs each cannot be told apart, however far they are from each other", () => {
    expect(differenceOf([1, 1, 1], [900, 900, 900])).toMatchObject({ judgement: "cannot tell", p: undefined });
    expect(differenceOf([1], [900])).toMatchObject({ judgement: "cannot tell", absolute: 899 });
  });

  test("differ where every run of the one is above every run of the other", () => {
    fc.assert(
      fc.property(enough, enough, (one, other) => {
        const above = other.map((value) => value + 1_000_000);
        expect(differenceOf(one, above)?.judgement).toBe("exceeds");
      }),
    );
  });

  test("differ or not whatever unit they are given in, and by the same share", () => {
    fc.assert(
      fc.property(runs, runs, fc.constantFrom(1 / 1024, 2, 4096), (one, other, unit) => {
        const plain = differenceOf(one, other);
        const inUnit = differenceOf(
          one.map((value) => value * unit),
          other.map((value) => value * unit),
        );
        expect(inUnit?.judgement).toBe(plain?.judgement ?? "within");
        expect(inUnit?.p).toBe(plain?.p);
        expect(inUnit?.relative).toBeCloseTo(plain?.relative ?? Number.NaN, 9);
      }),
    );
  });

  test("do so in whatever order the runs are, and with the sign turned round when the sets change places", () => {
    fc.assert(
      fc.property(runs, runs, (one, other) => {
        const forward = differenceOf(one, other);
        expect(differenceOf(one.toReversed(), other.toSorted())).toEqual(forward);
        const back = differenceOf(other, one);
        expect(back?.absolute).toBe(0 - (forward?.absolute ?? 0));
        expect(back?.judgement).toBe(forward?.judgement ?? "within");
      }),
    );
  });

  test("from the same source are called different in at most one of twenty comparisons", () => {
    const random = seededRandom(1);
    const set = (size: number): number[] => Array.from({ length: size }, () => 100 + 10 * normal(random));
    for (const size of [4, 5, 8]) {
      const judged = Array.from({ length: 2_000 }, () => differenceOf(set(size), set(size))?.judgement);
      expect(judged.filter((each) => each === "exceeds").length / judged.length).toBeLessThan(0.06);
    }
  });

  test("one of which lacks the figure have no difference", () => {
    expect(differenceOf([], [1])).toBeUndefined();
    expect(differenceOf([1], [])).toBeUndefined();
  });

  test("have no share of a difference from zero", () => {
    expect(differenceOf([0], [3])).toMatchObject({ absolute: 3, relative: undefined });
  });
});
