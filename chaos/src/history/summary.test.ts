import { expect, test } from "bun:test";
import type { Entry } from "./entries.ts";
import { parseHistory } from "./history.ts";
import { summarize } from "./summary.ts";

const header: Entry = {
  e: "history",
  version: 1,
  run: "run",
  target: "http://127.0.0.1/",
  at: 1_000,
  wallClock: "2026-01-01T00:00:00Z",
  clients: 1,
  intervalMs: 50,
  readDeadlineMs: 5_000,
  writeDeadlineMs: 35_000,
};
const read = (op: number, start: number, end: number, more: object = {}) =>
  ({
    e: "read",
    op,
    client: 0,
    kind: "value",
    key: "value/1",
    start,
    end,
    outcome: "ok",
    value: "run:0:0",
    ...more,
  }) as const;
const begin = (op: number, at: number) =>
  ({
    e: "begin",
    op,
    client: 0,
    kind: "add",
    key: "city/1",
    value: `run:0:${op}`,
    dateTime: 1,
    temperature: 1,
    at,
  }) as const;
const end = (op: number, at: number, outcome: string) => ({ e: "end", op, at, outcome }) as const;

const history = parseHistory(
  [
    header,
    read(1, 1_000, 1_010),
    read(2, 2_000, 2_030, { stale: 1 }),
    read(3, 3_000, 8_000, { outcome: "failed", error: "deadline" }),
    read(4, 9_000, 9_020),
    begin(5, 1_500),
    end(5, 1_600, "ok"),
    begin(6, 2_000),
    end(6, 7_500, "ok"),
    begin(7, 8_000),
    end(7, 8_100, "unknown"),
    begin(8, 8_200),
    end(8, 8_201, "failed"),
    { e: "skipped", client: 0, lane: "write", slots: 109, at: 7_500 },
    begin(9, 9_000),
    { e: "close", at: 11_000, reason: "SIGTERM" },
  ]
    .map((entry) => `${JSON.stringify(entry)}\n`)
    .join(""),
);

test("reads and writes are counted apart, by outcome", () => {
  const { reads, writes } = summarize(history);
  expect(reads).toMatchObject({ count: 4, ok: 3, failed: 1, unknown: 0, abandoned: 0, staleMarked: 1, skipped: 0 });
  expect(writes).toMatchObject({ count: 5, ok: 2, failed: 1, unknown: 1, abandoned: 1, staleMarked: 0, skipped: 109 });
});

test("the longest request may be a failed or an abandoned one, the longest gap is between acknowledged answers", () => {
  const { reads, writes } = summarize(history);
  expect(reads).toMatchObject({ longest: 5_000, longestGap: 9_020 - 2_030, slowerThan5s: 0 });
  expect(writes).toMatchObject({ longest: 5_500, longestGap: 7_500 - 1_600, slowerThan5s: 1 });
});

test("percentiles are those of the answers that came", () => {
  const { reads } = summarize(history);
  expect([reads.p50, reads.p95, reads.p99]).toEqual([20, 30, 30]);
});

test("a window holds what began in it, and its gap counts from its beginning", () => {
  const { writes } = summarize(history, { from: 2_000, to: 8_200 });
  expect(writes).toMatchObject({ count: 2, ok: 1, unknown: 1, longestGap: 5_500 });
});

test("windows of a second each hold every request once", () => {
  const from = history.header.at;
  const windows = Array.from({ length: Math.ceil((history.endedAt - from) / 1_000) }, (_, index) => ({
    from: from + index * 1_000,
    to: Math.min(history.endedAt, from + (index + 1) * 1_000),
  }));
  expect(windows).toHaveLength(10);
  const counts = windows.map((window) => summarize(history, window));
  expect(counts.reduce((sum, { reads, writes }) => sum + reads.count + writes.count, 0)).toBe(9);
});
