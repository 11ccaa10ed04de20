import { describe, expect, test } from "bun:test";
import { setUpDifferences } from "@goldenring/run-kit";
import { compareFigures, SET_UP, setsOf } from "./comparison.ts";
import { syntheticRun } from "./synthetic-run.fixture.ts";

const five = (options: Parameters<typeof syntheticRun>[0], from: number) =>
  [0, 1, 2, 3, 4].map((at) => syntheticRun({ ...options, seconds: 60, seed: from + at }));

describe("a comparison", () => {
  test("takes runs with the same set-up as repetitions, in the order of their starts, whatever values they began with", () => {
    const sets = setsOf([
      syntheticRun({ seed: 3, values: 900 }),
      syntheticRun({ seed: 9, commit: "fff" }),
      syntheticRun({ seed: 2 }),
    ]);
    expect(sets.map(({ letter, runs }) => [letter, runs.map(({ record }) => record.id)])).toEqual([
      ["A", ["run-2", "run-3"]],
      ["B", ["run-9"]],
    ]);
    const firsts = sets.map(({ runs: [first] }) => first);
    expect(setUpDifferences(SET_UP, firsts)).toEqual([["Commit", "0123abc", "fff"]]);
  });

  test("tells a service that is slower from one that is not", () => {
    const judgementOf = (runs: readonly ReturnType<typeof syntheticRun>[]): unknown =>
      compareFigures(setsOf(runs)).find(({ figure }) => figure.name === "Latency, P95")?.differences[0]?.judgement;
    const slower = { commit: "fff", saturation: 1_400 };
    expect(judgementOf([...five({}, 10), ...five(slower, 20)])).toBe("exceeds");
    expect(judgementOf([...five({}, 10), ...five({ commit: "fff" }, 20)])).toBe("within");
    expect(judgementOf([syntheticRun(), syntheticRun(slower)])).toBe("cannot tell");
  });

  test("names more sets than there are letters", () => {
    const runs = Array.from({ length: 28 }, (_, at) => syntheticRun({ seconds: 2, commit: String(at) }));
    expect(
      setsOf(runs)
        .map(({ letter }) => letter)
        .slice(-3),
    ).toEqual(["Z", "AA", "AB"]);
  });
});
