import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareFigures, distance, setUpDifferences } from "./comparison.ts";
import { spreadOf, worstOf, worstRound } from "./figures.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";

const figures = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 8 });

describe("the spread of rounds", () => {
  test("its median has as many figures above it as below", () => {
    fc.assert(
      fc.property(figures, (values) => {
        const { median = Number.NaN, least, most } = spreadOf(values) ?? {};
        expect(values.filter((each) => each < median).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((each) => each > median).length).toBeLessThanOrEqual(values.length / 2);
        expect([least, most]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
    expect(spreadOf([])).toBeUndefined();
  });

  test("the worst is the least of what should be more", () => {
    const spread = { median: 2, least: 1, most: 3 };
    expect([worstOf({ better: "more" }, spread), worstOf({ better: "less" }, spread), worstOf({}, spread)]).toEqual([
      1, 3, 3,
    ]);
  });
});

describe("two sets of rounds", () => {
  test("are apart only where no figure of one reaches into the other, and both have three", () => {
    fc.assert(
      fc.property(figures, figures, (one, other) => {
        const overlap =
          one.some((each) => each >= Math.min(...other)) && other.some((each) => each >= Math.min(...one));
        const found = distance(one, other);
        if (found === "apart") expect([overlap, one.length >= 3, other.length >= 3]).toEqual([false, true, true]);
        if (found === "too few") expect([overlap, Math.min(one.length, other.length) < 3]).toEqual([false, true]);
        expect(distance(other, one)).toBe(found);
      }),
    );
    expect(distance([1, 2, 3], [4, 5, 6])).toBe("apart");
    expect(distance([1, 2, 3], [3, 5, 6])).toBe("mixed");
    expect(distance([1, 2], [4, 5])).toBe("too few");
    expect(distance([1, 2], [1, 2])).toBeUndefined();
    expect(distance([], [1])).toBeUndefined();
  });
});

describe("runs", () => {
  const quick = syntheticRun({ seed: 1, rounds: 3, pause: 900 });
  const slow = syntheticRun({ seed: 2, rounds: 3, pause: 2_400, dirty: true });

  test("compare figure by figure with the first", () => {
    const gap = compareFigures([quick, slow]).find(
      ({ figure }) => figure.name === "Longest time without an acknowledged write",
    );
    expect(gap?.distances).toEqual(["apart"]);
    expect(gap?.spreads.map((spread) => (spread?.median ?? 0) > 1_500)).toEqual([false, true]);
  });

  test("say what differs in their set-up, and only that", () => {
    expect(setUpDifferences([quick, slow])).toEqual([{ name: "Commit", values: ["03661eb", "03661eb with changes"] }]);
  });

  test("show the round first that missed the most", () => {
    const run = syntheticRun({ seed: 3, rounds: 4, pause: 3_000 });
    const gaps = run.rounds.map(({ figures: { writes } }) => writes.longestGap);
    expect(worstRound(run)?.figures.writes.longestGap).toBe(Math.max(...gaps));
    expect(worstRound({ rounds: [] })).toBeUndefined();
  });
});
