import { expect, test } from "bun:test";
import { timeOrCount } from "@goldenring/run-kit";
import { syntheticRun } from "./synthetic-run.fixture.ts";
import { heldRounds, reasons, targetText } from "./words.ts";

test("times from a second on are in seconds, counts as they are, and what is not known is a dash", () => {
  expect(timeOrCount(312.4, "ms")).toBe("312 ms");
  expect(timeOrCount(1_311, "ms")).toBe("1.31 s");
  expect(timeOrCount(-1_311, "ms")).toBe("-1.31 s");
  expect(timeOrCount(152_000, "ms")).toBe("2 min 32 s");
  expect(timeOrCount(0, "requests")).toBe("0");
  expect(timeOrCount(null, "ms")).toBe("–");
});

test("a limit is said with its direction, and nothing is said where nothing is promised", () => {
  expect(targetText({ comparison: "at most", limit: 3_000, unit: "ms" })).toBe("at most 3 s");
  expect(targetText({ comparison: "at most", limit: 8_000, medianLimit: 6_000, unit: "ms" })).toBe(
    "at most 8 s, median 6 s",
  );
  expect(targetText({ comparison: null, limit: null, unit: "ms" })).toBeUndefined();
});

test("rounds are counted where an expectation was judged, and reasons name their rounds, unless these are all", () => {
  const run = syntheticRun({ seed: 3, rounds: 4, pause: 3_000, endedBy: "deviated" });
  const missed = run.rounds.filter(({ verdicts }) => verdicts[1]?.verdict === "missed");
  expect(missed.length).toBeGreaterThan(0);
  expect(heldRounds(run, 1)).toBe(`${4 - missed.length} of 4`);
  expect(heldRounds(run, 2)).toBeUndefined();
  expect(reasons(run, 1)).toEqual(missed.map(({ number, verdicts }) => `round ${number}: ${verdicts[1]?.why}`));
  expect(reasons(run, 3)).toEqual(["there was nobody to ask"]);
});
