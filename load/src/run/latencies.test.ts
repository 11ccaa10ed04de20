import { expect, test } from "bun:test";
import fc from "fast-check";
import { Answers, LatencySketch } from "./latencies.ts";

const durations = fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 });
const shares = fc.double({ min: 0, max: 1, noNaN: true });

test("percentiles are those of the sorted durations, interpolated between ranks", () => {
  fc.assert(
    fc.property(durations, shares, (values, share) => {
      const latencies = new Answers();
      for (const value of values) latencies.add(value);
      const sorted = values.toSorted((one, other) => one - other);
      const rank = share * (sorted.length - 1);
      const below = sorted[Math.floor(rank)] ?? 0;
      const above = sorted[Math.ceil(rank)] ?? 0;
      expect(latencies.percentile(share)).toBeCloseTo(below + (above - below) * (rank % 1), 6);
      expect(latencies.max()).toBe(sorted.at(-1) ?? 0);
      expect(latencies.count).toBe(values.length);
    }),
  );
});

test("a duration that comes after the percentiles were read counts, too", () => {
  const latencies = new Answers();
  latencies.add(1);
  expect(latencies.percentile(1)).toBe(1);
  latencies.add(9);
  latencies.add(5);
  expect(latencies.latency()).toEqual({ p50: 5, p90: 8.2, p95: 8.6, p99: 8.92 });
});

test("without durations there is no percentile", () => {
  expect(new Answers().latency()).toBeUndefined();
  expect(new LatencySketch().percentile(0.5)).toBeUndefined();
});

test("the sketch is right to one percent of a duration at that rank", () => {
  fc.assert(
    fc.property(durations, shares, (values, share) => {
      const sketch = new LatencySketch();
      for (const value of values) sketch.add(value);
      const exact = values.toSorted((one, other) => one - other)[Math.floor(share * (values.length - 1))] ?? 0;
      expect(Math.abs((sketch.percentile(share) ?? 0) / exact - 1)).toBeLessThan(0.01);
    }),
  );
});
