import { describe, expect, test } from "bun:test";
import { rangesOf } from "@goldenring/run-kit";
import fc from "fast-check";
import { DATA_SIZES, growthTo, isNothing, levelled } from "./growth.ts";

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe("growing to a size", () => {
  test("fills an empty service with the nine cities, 80 values each", () => {
    const { cities, values } = growthTo(DATA_SIZES.base, []);
    expect(cities).toHaveLength(9);
    expect(cities).toContain("Суздаль");
    expect(values).toEqual(Array(9).fill(80));
  });

  test("adds nothing to a service that has the data", () => {
    expect(isNothing(growthTo(DATA_SIZES.base, Array(9).fill({ name: "any", values: 80 })))).toBeTrue();
  });

  test("from the base adds 180 cities and 120,176 values", () => {
    const base = Array.from({ length: 9 }, (_, index) => ({ name: `city ${index}`, values: 80 }));
    const { cities, values } = growthTo(DATA_SIZES.full, base);
    expect(cities).toHaveLength(180);
    expect(sum(values)).toBe(120_176);
    const totals = values.map((added, index) => added + (base[index]?.values ?? 0));
    expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(1);
  });

  test("never takes a name that is taken", () => {
    const taken = ["Суздаль", "Load city 001"];
    const { cities } = growthTo(
      { cities: 20, values: 0 },
      taken.map((name) => ({ name, values: 0 })),
    );
    expect(new Set([...cities, ...taken]).size).toBe(20);
  });
});

test("levelling adds as much as was asked for, and to nobody who has more than another after it", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 }), fc.nat(20_000), (counts, amount) => {
      const additions = levelled(counts, amount);
      expect(sum(additions)).toBe(amount);
      expect(Math.min(...additions)).toBeGreaterThanOrEqual(0);
      const totals = counts.map((count, index) => count + (additions[index] ?? 0));
      const lowest = Math.min(...totals);
      for (const [index, total] of totals.entries()) {
        if ((additions[index] ?? 0) > 0) expect(total).toBeLessThanOrEqual(lowest + 1);
      }
    }),
  );
});

test("ranges hold exactly the ids they were made of, and no two of them touch", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), (ids) => {
      const ranges = rangesOf(ids);
      const held = ranges.flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, index) => first + index),
      );
      expect(held).toEqual(ids.toSorted((one, other) => one - other));
      for (const [index, [first]] of ranges.entries()) {
        if (index > 0) expect(first).toBeGreaterThan((ranges[index - 1]?.[1] ?? 0) + 1);
      }
    }),
  );
});
