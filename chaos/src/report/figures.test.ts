import { describe, expect, test } from "bun:test";
import { setUpDifferences, spreadOf } from "@goldenring/run-kit";
import fc from "fast-check";
import { difference, SET_UP } from "./comparison-page.ts";
import { FIGURES, summaryOf, valuesOf, worstRound } from "./figures.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";

const figures = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 8 });

describe("the spread of rounds", () => {
  test("its median has as many figures above it as below", () => {
    fc.assert(
      fc.property(figures, (values) => {
        const { median, min, max } = spreadOf(values);
        expect(values.filter((each) => each < median).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((each) => each > median).length).toBeLessThanOrEqual(values.length / 2);
        expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
  });

  test("the worst is the least of what should be more", () => {
    const worst = (["more", "less", undefined] as const).map((better) => summaryOf({ better }, [2, 1, 3])?.worst);
    expect(worst).toEqual([1, 3, 3]);
  });
});

describe("two sets of rounds", () => {
  test("differ clearly only where no figure of one reaches into the other, and both have three", () => {
    fc.assert(
      fc.property(figures, figures, (one, other) => {
        const overlap =
          one.some((each) => each >= Math.min(...other)) && other.some((each) => each >= Math.min(...one));
        const found = difference(one, other);
        if (found === "clear") expect([overlap, one.length >= 3, other.length >= 3]).toEqual([false, true, true]);
        if (found === "too few") expect([overlap, Math.min(one.length, other.length) < 3]).toEqual([false, true]);
        expect(difference(other, one)).toBe(found);
      }),
    );
    expect(difference([1, 2, 3], [4, 5, 6])).toBe("clear");
    expect(difference([1, 2, 3], [3, 5, 6])).toBe("overlap");
    expect(difference([1, 2], [4, 5])).toBe("too few");
    expect(difference([1, 2], [1, 2])).toBe("none");
  });
});

describe("runs", () => {
  const quick = syntheticRun({ seed: 1, rounds: 3, pause: 900 });
  const slow = syntheticRun({ seed: 2, rounds: 3, pause: 2_400, dirty: true });

  const gap = FIGURES.find(({ name }) => name === "Longest time without an acknowledged write");

  test("compare figure by figure with the first", () => {
    if (gap === undefined) throw new Error("there is no such figure");
    expect(difference(valuesOf(gap, quick), valuesOf(gap, slow))).toBe("clear");
    expect([quick, slow].map((run) => (summaryOf(gap, valuesOf(gap, run))?.median ?? 0) > 1_500)).toEqual([
      false,
      true,
    ]);
    expect(summaryOf(gap, [])).toBeUndefined();
  });

  test("say what differs in their set-up, and only that", () => {
    expect(setUpDifferences(SET_UP, [quick, slow])).toEqual([["Commit", "03661eb", "03661eb with changes"]]);
  });

  test("show the round first that missed the most", () => {
    const run = syntheticRun({ seed: 3, rounds: 4, pause: 3_000 });
    const gaps = run.rounds.map(({ figures: { writes } }) => writes.longestGap);
    expect(worstRound(run)?.figures.writes.longestGap).toBe(Math.max(...gaps));
    expect(worstRound({ rounds: [] })).toBeUndefined();
  });
});
