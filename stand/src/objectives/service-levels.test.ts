import { expect, test } from "bun:test";
import fc from "fast-check";
import { OBJECTIVES } from "./objectives.ts";
import {
  AVAILABILITY,
  BUDGET_PERIOD,
  BURN_RATES,
  burnRatesOf,
  burnThreshold,
  LATENCY_P90,
  LATENCY_P95,
  SERVICE_LEVELS,
} from "./service-levels.ts";

const SECONDS = { m: 60, h: 3_600, d: 86_400 } as const;

function secondsOf(window: string): number {
  const [, amount = "", unit = ""] = /^(\d+)([mhd])$/.exec(window) ?? [];
  return Number(amount) * SECONDS[unit as keyof typeof SECONDS];
}

test("the levels are those of the objectives", () => {
  expect(AVAILABILITY.budget).toBe(OBJECTIVES.errorShare);
  expect([LATENCY_P95.slowerThanMs, LATENCY_P90.slowerThanMs]).toEqual([OBJECTIVES.p95Ms, OBJECTIVES.p90Ms]);
});

test("the availability of 99 % is told at 14.4, 6, 3 and 1 % of errors", () => {
  expect(burnRatesOf(AVAILABILITY).map((rate) => burnThreshold(AVAILABILITY, rate))).toEqual([0.144, 0.06, 0.03, 0.01]);
});

test("a level is never told at a share of bad requests that does not exist", () => {
  expect(burnRatesOf(LATENCY_P90).map(({ factor }) => factor)).toEqual([6, 3, 1]);
  for (const level of SERVICE_LEVELS) {
    for (const rate of burnRatesOf(level)) expect(burnThreshold(level, rate)).toBeWithin(Number.MIN_VALUE, 1);
  }
});

test.each(BURN_RATES.map((rate) => [rate.factor, rate] as const))("%p: windows, factor and budget agree", (_, rate) => {
  expect(rate.factor * (secondsOf(rate.long) / secondsOf(BUDGET_PERIOD))).toBeCloseTo(rate.spends, 6);
  expect(secondsOf(rate.short) * 12).toBe(secondsOf(rate.long));
});

test("the faster the budget burns, the sooner and louder it is told", () => {
  fc.assert(
    fc.property(fc.constantFrom(...BURN_RATES), fc.constantFrom(...BURN_RATES), (one, other) => {
      fc.pre(one.factor > other.factor);
      expect(secondsOf(one.long)).toBeLessThan(secondsOf(other.long));
      expect(one.severity === "critical" || other.severity === "warning").toBe(true);
    }),
  );
});
