import { expect, test } from "bun:test";
import type { RequestFigures } from "../chaos/src/index.ts";
import { FAULTS } from "./faults.ts";
import { parseOptions } from "./options.ts";
import { page, roundLine, table } from "./report.ts";
import { missesOf, type RoundResult } from "./round.ts";

const figures = (more: Partial<RequestFigures> = {}): RequestFigures => ({
  count: 100,
  ok: 100,
  failed: 0,
  unknown: 0,
  abandoned: 0,
  skipped: 0,
  slowerThan5s: 0,
  longest: 1_000,
  longestGap: 900,
  p50: 3,
  p95: 10,
  p99: 20,
  staleMarked: 0,
  ...more,
});

const round = (more: Partial<RoundResult> = {}): RoundResult => ({
  startedAt: "2026-01-01T00:00:00Z",
  run: "run",
  reads: figures(),
  writes: figures(),
  recoveredWrites: 0,
  violations: [],
  twoPrimaries: 0,
  primaryBefore: "pg-01",
  primaryAfter: "pg-01",
  newPrimaryMs: undefined,
  steadyAgainMs: 2_000,
  misses: [],
  ...more,
});

const bars = { failedReads: 0, failedWrites: 0, longestWrite: 4_000, samePrimary: true } as const;

test("a round within its bars misses none", () => {
  expect(missesOf({ bars }, round())).toEqual([]);
});

test("each bar is missed by what it forbids, and by nothing less", () => {
  const missed = (more: Partial<RoundResult>) => missesOf({ bars }, round(more));
  expect(missed({ reads: figures({ failed: 1 }) })).toEqual(["1 failed reads"]);
  expect(missed({ writes: figures({ failed: 1, unknown: 2 }) })).toEqual(["3 failed writes"]);
  expect(missed({ writes: figures({ longest: 4_000 }) })).toEqual([]);
  expect(missed({ writes: figures({ longest: 4_100 }) })).toEqual(["longest write 4.1 s, bar 4 s"]);
  expect(missed({ primaryAfter: "pg-02" })).toEqual(["the primary moved to pg-02"]);
  expect(missed({ violations: [{ kind: "lost", what: "gone" }] })).toEqual(["1 violations, the first: gone"]);
  expect(missed({ twoPrimaries: 1 })).toEqual(["two primaries at once"]);
  expect(missed({ writes: figures({ ok: 0 }) })).toEqual(["no answers at all"]);
});

test("what no bar names is allowed, but never a violation", () => {
  const free = { bars: {} };
  expect(missesOf(free, round({ writes: figures({ failed: 9, longest: 30_000 }), primaryAfter: "pg-02" }))).toEqual([]);
  expect(missesOf(free, round({ violations: [{ kind: "lost", what: "gone" }] }))).toHaveLength(1);
});

test("the table has median and worst of the rounds, and counts the rounds that held", () => {
  const rounds = [1_000, 3_000, 2_000].map((longest) => round({ writes: figures({ longest }), newPrimaryMs: longest }));
  const missed = round({ writes: figures({ longest: 9_000, unknown: 1 }), misses: ["1 failed writes"] });
  const result = { name: "kill-postgres", about: "killed", date: "2026-01-01", commit: "abc", machine: "2 cores" };
  const [, , row] = table([{ ...result, rounds: [...rounds, missed] }]).split("\n");
  expect(row).toBe(
    "| killed | 4 | 0 | 1 | 1.00 s / 1.00 s | 2.50 s / 9.00 s | 0.90 s / 0.90 s | 2.00 s / 3.00 s | 0 | 0 failed reads, 0 failed writes, longest write 4 s | in 3 |",
  );
  expect(page([{ ...result, rounds }], "npm run test:stand")).toContain("- 2026-01-01, commit abc, 2 cores");
  expect(roundLine(missed)).toStartWith("MISSED: 1 failed writes");
});

test("without arguments the shorter selection is played once, with --all everything as often as it says", () => {
  const short = parseOptions([]).faults;
  expect(short.length).toBeGreaterThan(4);
  expect(short.length).toBeLessThan(FAULTS.length);
  expect(new Set(short.map(({ rounds }) => rounds))).toEqual(new Set([1]));
  expect(parseOptions(["--all"]).faults.map(({ fault, rounds }) => [fault.name, rounds])).toEqual(
    FAULTS.map(({ name, rounds }) => [name, rounds]),
  );
  expect(parseOptions(["--only", "etcd-cut,kill-api", "--rounds", "2"]).faults).toMatchObject([
    { fault: { name: "kill-api" }, rounds: 2 },
    { fault: { name: "etcd-cut" }, rounds: 2 },
  ]);
  for (const wrong of [["--only", "nonsense"], ["--rounds", "0"], ["--nonsense"]])
    expect(() => parseOptions(wrong)).toThrow();
});

test("every fault has a name of its own", () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
});
