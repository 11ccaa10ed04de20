import { expect, test } from "bun:test";
import { duration, moment, shown } from "@goldenring/run-kit";
import { spreadInWords, withUnit } from "./numbers.ts";

test("figures have three digits, whole numbers all of theirs", () => {
  expect([0, 3, 0.123, 9.876, 45.67, 100.4, 48_236].map(shown)).toEqual([
    "0",
    "3",
    "0.12",
    "9.88",
    "45.7",
    "100",
    "48,236",
  ]);
  expect(shown(undefined)).toBe("–");
  expect(shown(Number.NaN)).toBe("–");
});

test("units stand where one expects them, shares as per cent", () => {
  expect(withUnit(12.34, "ms")).toBe("12.3 ms");
  expect(withUnit(1_170, "/s")).toBe("1,170/s");
  expect(withUnit(0.005, "%")).toBe("0.50 %");
  expect(withUnit(undefined, "ms")).toBe("–");
});

test("several figures are told by their median and range, equal ones and a single one by themselves", () => {
  expect(spreadInWords([3, 1, 2], "ms")).toBe("2 ms (1 to 3)");
  expect(spreadInWords([0.5, 0.25, 0.75], "%")).toBe("50 % (25 to 75)");
  expect(spreadInWords([2, 2], "/s")).toBe("2/s");
  expect(spreadInWords([], "/s")).toBe("–");
});

test("times are told in minutes and seconds, moments in UTC", () => {
  expect([0, 59.6, 60, 125].map(duration)).toEqual(["0 s", "1 min", "1 min", "2 min 5 s"]);
  expect(moment("2026-11-23T16:51:07.123Z")).toBe("2026-11-23 16:51:07 UTC");
});
