import { expect, test } from "bun:test";
import { duration, moment, plural, shown, spreadText, timeOrCount, withUnit } from "./numbers.ts";

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

test("a figure has the unit of what it measures, shares are per cent, and long times are in minutes", () => {
  expect([withUnit(0.215, "%"), withUnit(2_400, "/s"), withUnit(31.92, "ms"), withUnit(undefined, "ms")]).toEqual([
    "21.5 %",
    "2,400/s",
    "31.9 ms",
    "–",
  ]);
  expect([640, 1_668, 180_000, -125_000, null].map((ms) => timeOrCount(ms, "ms"))).toEqual([
    "640 ms",
    "1.67 s",
    "3 min",
    "-2 min 5 s",
    "–",
  ]);
  expect(timeOrCount(1_234, "requests")).toBe("1,234");
});

test("several figures are their median and range, one is itself, and of one thing there is no plural", () => {
  expect(spreadText([610, 603, 605], "/s")).toBe("605/s (603 to 610)");
  expect([spreadText([0.5], "%"), spreadText([], "ms")]).toEqual(["50 %", "–"]);
  expect([plural(1, "round"), plural(5, "round"), plural(0, "thing")]).toEqual(["1 round", "5 rounds", "0 things"]);
});
