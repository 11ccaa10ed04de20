import { describe, expect, test } from "bun:test";
import { DAY_MS, HOUR_MS, startOfDay } from "./calendar.ts";
import { coming, isCurrent, nearest, type Reading, rangeByDay, rangeOf, withinReach } from "./figures.ts";

const NOW = Date.UTC(2024, 0, 10, 12);
const at = (hours: number, temperature = 0): Reading => ({ time: NOW + hours * HOUR_MS, temperature, summary: null });

describe("the reading of now", () => {
  test("is the nearest one, the later of two equally near", () => {
    const [before, after] = [at(-1), at(1)];
    expect(nearest([at(-5), before, after, at(5)], NOW)).toBe(after);
    expect(nearest([], NOW)).toBeUndefined();
  });

  test("is not called current when it is more than six hours away", () => {
    expect(isCurrent(at(-6), NOW)).toBe(true);
    expect(isCurrent(at(7), NOW)).toBe(false);
  });
});

describe("ranges", () => {
  test("hold the first lowest and the first highest reading", () => {
    const readings = [at(0, 2), at(1, -3), at(2, 7), at(3, -3), at(4, 7)];
    expect(rangeOf(readings)).toEqual({ lowest: at(1, -3), highest: at(2, 7) });
    expect(rangeOf([])).toBeUndefined();
  });

  test("of the coming days begin with the current reading, or take all when everything is past", () => {
    expect(coming([at(-9), at(-1), at(2)], NOW)).toEqual([at(-1), at(2)]);
    expect(coming([at(-90), at(-80)], NOW)).toEqual([at(-90), at(-80)]);
  });

  test("by day change at midnight in Moscow, three hours before midnight in UTC", () => {
    const midnight = Date.UTC(2024, 0, 10, 21);
    const reading = (time: number, temperature: number): Reading => ({ time, temperature, summary: null });
    const days = rangeByDay([reading(midnight - 1, 1), reading(midnight, 5), reading(midnight + HOUR_MS, 4)]);
    expect(days.map(({ start, lowest, highest }) => [start, lowest.temperature, highest.temperature])).toEqual([
      [midnight - DAY_MS, 1, 1],
      [midnight, 4, 5],
    ]);
    expect(startOfDay(midnight - 1)).toBe(midnight - DAY_MS);
  });
});

test("a city with one odd date keeps the readings around the one nearest to now and counts the other", () => {
  const city = { key: "1", name: "a", leftOut: 1, readings: [at(-24 * 900), at(-3), at(3)] };
  expect(withinReach(city, NOW)).toEqual({ ...city, readings: [at(-3), at(3)], leftOut: 2 });
});
