import { describe, expect, test } from "bun:test";
import { median, verdictOn } from "./verdict.ts";

const atLeast = { kind: "at least", value: 45, judges: "median" } as const;
const atMost = { kind: "at most", value: 128, judges: "worst" } as const;

describe("a verdict", () => {
  test("judges the median of the rounds", () => {
    expect(verdictOn({ what: "", unit: "requests/s", values: [10, 45, 99], target: atLeast }, true)).toBe("held");
    expect(verdictOn({ what: "", unit: "requests/s", values: [99, 44.9, 10], target: atLeast }, true)).toBe("missed");
  });

  test("judges the worst round where the target must always hold", () => {
    expect(verdictOn({ what: "", unit: "MiB", values: [100, 128], target: atMost }, true)).toBe("held");
    expect(verdictOn({ what: "", unit: "MiB", values: [100, 100, 129], target: atMost }, true)).toBe("missed");
  });

  test("is a miss where nothing could be measured", () => {
    expect(verdictOn({ what: "", unit: "MiB", values: [Number.NaN], target: atMost }, true)).toBe("missed");
    expect(verdictOn({ what: "", unit: "requests/s", values: [], target: atLeast }, true)).toBe("missed");
  });

  test("without limits is given on ratios only", () => {
    expect(verdictOn({ what: "", unit: "requests/s", values: [99], target: atLeast }, false)).toBe("not judged");
    expect(verdictOn({ what: "", unit: "ratio", values: [99], target: atLeast }, false)).toBe("held");
  });

  test("takes the middle of two middle values", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});
