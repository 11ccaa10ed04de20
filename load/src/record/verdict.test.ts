import { describe, expect, test } from "bun:test";
import { OBJECTIVES } from "@goldenring/stand";
import { inWords, isHeld, judge } from "./verdict.ts";

const atTheLimit = {
  p95: OBJECTIVES.p95Ms,
  p90: OBJECTIVES.p90Ms,
  errors: OBJECTIVES.errorShare,
  checks: OBJECTIVES.checksShare,
};

describe("the verdict", () => {
  test("holds at the very limit of every objective", () => {
    expect(isHeld(judge(atTheLimit))).toBeTrue();
  });

  test.each([
    ["p95", OBJECTIVES.p95Ms + 0.1],
    ["p90", OBJECTIVES.p90Ms + 0.1],
    ["errors", OBJECTIVES.errorShare + 0.0001],
    ["checks", OBJECTIVES.checksShare - 0.0001],
  ] as const)("breaks by %s alone", (name, value) => {
    const broken = judge({ ...atTheLimit, [name]: value }).filter((verdict) => !verdict.isHeld);
    expect(broken).toMatchObject([{ name, actual: value }]);
  });

  test("is broken where nothing was measured", () => {
    expect(isHeld(judge({ ...atTheLimit, p95: undefined }))).toBeFalse();
  });

  test("reads as a sentence", () => {
    expect(judge({ p95: 812.4, p90: 4.256, errors: 0.0204, checks: undefined }).map(inWords)).toEqual([
      "p95 812 ms, at most 600",
      "p90 4.26 ms, at most 300",
      "failed 2.0 %, at most 1.0 %",
      "right bodies -, at least 90.0 %",
    ]);
  });
});
