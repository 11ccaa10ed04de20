import { expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Entry } from "../history/entries.ts";
import { Tail } from "../history/lines.ts";
import type { RoleSample } from "../roles/verdict.ts";
import { liveFigures } from "./safety.ts";

const read = (end: number, outcome: "ok" | "failed"): Entry => ({
  e: "read",
  op: 0,
  client: 0,
  kind: "path",
  key: "/",
  start: end - 1,
  end,
  outcome,
});
const ended = (at: number, outcome: "ok" | "unknown"): Entry => ({ e: "end", op: 0, at, outcome });
const primary = (node: string, start: number): RoleSample => ({
  e: "sample",
  node,
  start,
  end: start + 1,
  role: "primary",
  state: "running",
  timeline: 1,
});

test("silence counts from the last answer, failures from the beginning", () => {
  const live = liveFigures(1_000, { writes: true });
  expect(live.isServed()).toBe(false);
  for (const entry of [read(1_100, "ok"), ended(1_200, "ok"), read(1_300, "failed"), ended(1_400, "unknown")])
    live.take(entry);
  expect(live.isServed()).toBe(true);
  expect(
    ["failedReads", "failedWrites", "readSilence", "writeSilence"].map((metric) =>
      live.figures[metric as "failedReads"](5_000),
    ),
  ).toEqual([1, 1, 3_900, 3_800]);
  const conditions = [
    { metric: "failedReads", above: 1, words: "reads fail" },
    { metric: "writeSilence", above: 3_000, words: "no writes" },
  ] as const;
  expect(live.reasonToAbort(conditions, 4_000)).toBeUndefined();
  expect(live.reasonToAbort(conditions, 5_000)).toContain("no writes");
});

test("nobody misses writes where nobody writes", () => {
  const live = liveFigures(0, { writes: false });
  live.take(read(10, "ok"));
  expect([live.isServed(), live.figures.writeSilence(60_000)]).toEqual([true, 0]);
});

test("two primaries are seen while they are there", () => {
  const live = liveFigures(0, { writes: true });
  for (const start of [0, 100, 200]) for (const node of ["pg-01", "pg-02"]) live.take(primary(node, start));
  expect(live.figures.twoPrimaries(300)).toBe(1);
});

test("a file that grows is read line by line, also when a line comes in two parts or has bytes of a character cut", () => {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-tail-"));
  const file = join(folder, "history.jsonl");
  const tail = new Tail(file, Entry);
  expect(tail.read()).toEqual([]);
  const line = Buffer.from(`${JSON.stringify({ ...read(1, "ok"), by: "Суздаль" })}\n`);
  const cut = line.indexOf(Buffer.from("С")) + 1;
  appendFileSync(file, line.subarray(0, cut));
  expect(tail.read()).toEqual([]);
  appendFileSync(file, line.subarray(cut));
  appendFileSync(file, "nonsense\n");
  expect(tail.read()).toMatchObject([{ by: "Суздаль" }]);
  tail.close();
  rmSync(folder, { recursive: true });
});
