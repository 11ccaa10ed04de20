import { expect, test } from "bun:test";
import { roleSpans, secondsOf } from "./round-record.ts";

test("requests count in the second in which they end; seconds without any are there, too", () => {
  const seconds = secondsOf(
    [
      { start: 1_000, end: 1_010, outcome: "ok" },
      { start: 1_100, end: 1_130, outcome: "ok" },
      { start: 1_900, end: 3_400, outcome: "unknown" },
    ],
    1_000,
    4_000,
  );
  expect(seconds).toEqual([
    { at: 0, ok: 2, failed: 0, p50: 10, p95: 30, longest: 30 },
    { at: 1_000, ok: 0, failed: 0, p50: null, p95: null, longest: null },
    { at: 2_000, ok: 0, failed: 1, p50: null, p95: null, longest: null },
  ]);
});

test("a machine is one span as long as it is the same", () => {
  const sample = (start: number, role?: string, timeline?: number) => ({
    e: "sample" as const,
    node: "pg-01",
    start,
    end: start + 5,
    ...(role === undefined ? { error: "deadline" } : { role, state: "running", timeline }),
  });
  const spans = roleSpans(
    [sample(100, "primary", 1), sample(200, "primary", 1), sample(300), sample(400, "replica", 2)],
    100,
  );
  expect(spans.map(({ role, timeline, from, to }) => [role, timeline, from, to])).toEqual([
    ["primary", 1, 0, 200],
    ["silent", null, 200, 300],
    ["replica", 2, 300, 305],
  ]);
});
