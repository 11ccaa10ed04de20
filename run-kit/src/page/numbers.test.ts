import { expect, test } from "bun:test";
import { duration, moment, shown } from "./numbers.ts";

test("figures have three digits, thousands are grouped, and what was not measured is a dash", () => {
  expect([undefined, Number.NaN, 0, 3, 0.1234, 12.34, 123.4, 12_345.6].map((each) => shown(each))).toEqual([
    "–",
    "–",
    "0",
    "3",
    "0.12",
    "12.3",
    "123",
    "12,346",
  ]);
});

test("lengths of time are in minutes and seconds, moments in UTC", () => {
  expect([0.4, 59.4, 59.6, 725].map(duration)).toEqual(["0 s", "59 s", "1 min", "12 min 5 s"]);
  expect(moment("2026-11-23T18:51:07.9+02:00")).toBe("2026-11-23 16:51:07 UTC");
});
