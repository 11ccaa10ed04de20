import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type KnownPercentiles, mixedPercentile } from "./mixed-percentile.ts";
import { normal, seededRandom } from "./seeded-random.fixture.ts";

const second: fc.Arbitrary<KnownPercentiles> = fc
  .record({
    requests: fc.integer({ min: 1, max: 5_000 }),
    steps: fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ requests, steps }) => {
    const [p50 = 0, p90 = 0, p95 = 0, p99 = 0] = steps.toSorted((one, other) => one - other);
    return { requests, latency: { p50, p90, p95, p99 } };
  });

describe("a percentile over many seconds", () => {
  test("lies between the least and the greatest of the seconds", () => {
    fc.assert(
      fc.property(fc.array(second, { minLength: 1, maxLength: 30 }), (seconds) => {
        const each = seconds.map(({ latency }) => latency?.p95 ?? 0);
        const mixed = mixedPercentile(seconds, 0.95) ?? Number.NaN;
        expect(mixed).toBeGreaterThanOrEqual(Math.min(...each) - 0.01);
        expect(mixed).toBeLessThanOrEqual(Math.max(...each) + 0.01);
      }),
    );
  });

  test("is near the true one of all answers, also when a fifth of the seconds are slow", () => {
    for (const slowShare of [0, 0.2, 0.5]) {
      const random = seededRandom(3);
      const answers = Array.from({ length: 60 }, (_, at) => {
        const middle = at < 60 * slowShare ? 400 : 20;
        return Array.from({ length: 500 }, () => middle * Math.exp(0.5 * normal(random))).sort((a, b) => a - b);
      });
      const seconds = answers.map((sorted) => ({
        requests: sorted.length,
        latency: { p50: at(sorted, 0.5), p90: at(sorted, 0.9), p95: at(sorted, 0.95), p99: at(sorted, 0.99) },
      }));
      const all = answers.flat().sort((a, b) => a - b);
      for (const wanted of [0.9, 0.95]) {
        const exact = at(all, wanted);
        expect(Math.abs((mixedPercentile(seconds, wanted) ?? 0) - exact) / exact).toBeLessThan(0.1);
      }
    }
  });

  test("counts a second by its answers, and leaves out those without", () => {
    const fast = { requests: 1_000, latency: { p50: 1, p90: 2, p95: 3, p99: 4 } };
    const slow = { requests: 10, latency: { p50: 900, p90: 900, p95: 900, p99: 900 } };
    expect(mixedPercentile([fast, slow, { requests: 0 }], 0.95)).toBeLessThan(5);
    expect(
      mixedPercentile(
        [
          { ...fast, requests: 10 },
          { ...slow, requests: 1_000 },
        ],
        0.5,
      ),
    ).toBeGreaterThan(400);
    expect(mixedPercentile([{ requests: 3 }], 0.95)).toBeUndefined();
    expect(mixedPercentile([], 0.95)).toBeUndefined();
  });
});

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}
