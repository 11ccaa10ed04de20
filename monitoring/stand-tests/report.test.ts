import { expect, test } from "bun:test";
import { FAULTS } from "./faults.ts";
import { parseOptions } from "./options.ts";
import { page, type Result, roundLine, tables } from "./report.ts";
import type { RoundResult } from "./round.ts";

const round = (notifiedAfterMs: number | undefined, change: Partial<RoundResult> = {}): RoundResult => ({
  startedAt: "2026-01-01T00:00:00Z",
  expected: "MachineDown",
  standing: [],
  severity: "critical",
  notifiedAfterMs,
  resolvedAfterMs: 20_000,
  others: [],
  misses: [],
  ...change,
});
const result = (rounds: readonly RoundResult[]): Result => ({
  kind: "fault",
  name: "memory",
  about: "memory",
  where: "2026-01-01, commit abc, 2 cores",
  rounds,
});

test("a fault's row has its alert, median and worst delay, what else came, and how many rounds held", () => {
  const others = [
    { alert: "B", machine: "pg-01", afterMs: 1, isDeclared: true },
    { alert: "A", machine: "", afterMs: 1, isDeclared: false },
  ];
  const late = round(95_000, { others, misses: ["late"] });
  const [, , row] = tables([result([round(30_000), round(50_000), late])]).split("\n");
  expect(row).toBe(
    "| memory | MachineDown | critical | 3 | 50.0 s / 95.0 s | 90.0 s | 20.0 s / 20.0 s | A (not declared), B | 152 s | in 2 |",
  );
});

test("an alert that never came is counted, not left out of the figures in silence", () => {
  expect(tables([result([round(undefined, { severity: "" })])])).toContain("| 1 | never | 180.0 s |");
  expect(tables([result([round(1_000), round(undefined)])])).toContain("| 1.0 s / 1.0 s, 1 never |");
});

test("the page says where and how it was measured; a line says what a round missed", () => {
  const quiet: Result = {
    kind: "quiet",
    name: "quiet",
    about: "nothing is done",
    where: "there",
    rounds: [{ startedAt: "", minutes: 15, standing: [], others: [], misses: [] }],
  };
  const text = page([quiet, result([round(1_000)])], "bun main.ts --write");
  expect(text).toContain("    bun main.ts --write");
  expect(text).toContain("- there\n- 2026-01-01, commit abc, 2 cores");
  expect(text).toContain("| nothing is done | 15 | none | yes |");
  expect(roundLine(round(1_000, { misses: ["x"] }))).toBe(
    "MISSED: x (told after 1.0 s, over after 20.0 s, others: none)",
  );
});

test("without arguments everything is played three times, the quiet time first", () => {
  const { chosen, rounds, quietMinutes } = parseOptions([]);
  expect(chosen).toEqual(["quiet", "watching", "switchover", ...FAULTS.map(({ name }) => name)]);
  expect([rounds, quietMinutes]).toEqual([3, 15]);
  expect(parseOptions(["--only", "disk,quiet", "--rounds", "1", "--quiet", "2"])).toMatchObject({
    chosen: ["quiet", "disk"],
    rounds: 1,
    quietMinutes: 2,
  });
  for (const wrong of [["--only", "nonsense"], ["--rounds", "0"], ["--quiet", "x"], ["--nonsense"]]) {
    expect(() => parseOptions(wrong)).toThrow();
  }
});

test("every fault has a name of its own", () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
});
