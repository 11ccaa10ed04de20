import { expect, test } from "bun:test";
import { atMost, measured, none } from "../experiment/expect.ts";
import { parseHistory } from "../history/history.ts";
import type { RoundVerdict, StageRecord } from "../run/record.ts";
import type { Evidence } from "./evidence.ts";
import { deviationsIn, judgeRound, judgeRun } from "./figure.ts";

/** A read every 100 ms for 10 s, of 10 ms each; those of the second stage fail, and nothing is answered in the third. */
const lines = [
  {
    e: "history",
    version: 1,
    run: "r",
    target: "http://x",
    at: 1_000,
    wallClock: "",
    clients: 1,
    intervalMs: 100,
    readDeadlineMs: 1,
    writeDeadlineMs: 1,
  },
  ...Array.from({ length: 100 }, (_, op) => {
    const start = 1_000 + op * 100;
    return {
      e: "read",
      op,
      client: 0,
      kind: "path",
      key: "/",
      start,
      end: start + 10,
      outcome: start >= 4_000 && start < 5_000 ? "failed" : "ok",
    };
  }),
  { e: "close", at: 11_000, reason: "time" },
];
const history = parseHistory(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
const stage = (name: string, from: number, to: number): StageRecord => ({
  name,
  from,
  to,
  faults: [{ kind: "cpu", machine: "pg-01", words: "busy", at: from, injectedAt: from, undoneAt: to }],
});

const EVIDENCE: Evidence = {
  history,
  background: undefined,
  samples: [],
  verdict: {
    violations: [{ kind: "lost", what: "x" }],
    acknowledgedWrites: 1,
    recoveredWrites: 0,
    judgedReads: 0,
    staleMarkedAndOld: 0,
    notChecked: { stale: "no read shows it" },
  },
  from: 1_000,
  stages: [stage("calm", 0, 3_000), stage("bad", 3_000, 4_000)],
  before: { primary: "pg-01", replica: "pg-02", etcdLeader: undefined },
  after: { primary: "pg-02", replica: "pg-01", etcdLeader: undefined },
  recovery: 700,
  states: [],
  targets: {},
  monitoring: { firedBefore: [], apiCpu: {} },
  alerts: [
    {
      name: "Hot",
      status: "firing",
      machine: "pg-01",
      severity: "warning",
      labels: {},
      at: 3_500,
      delay: 500,
      stage: "bad",
    },
  ],
};

const verdictOn = (...expectations: Parameters<typeof judgeRound>[0]): string[] =>
  judgeRound(expectations, EVIDENCE).map(({ verdict, figure }) => `${verdict} ${figure}`);

test("figures are of the whole round, or of the requests of the stages that count", () => {
  expect(
    verdictOn(
      none("failedReads", "a"),
      none("failedReads", "b", { during: ["calm"] }),
      none("failedReads", "c", { during: ["calm", "bad"] }),
    ),
  ).toEqual(["missed 10", "held 0", "missed 10"]);
  expect(
    verdictOn(atMost("longestReadGap", 1_000, "gap"), atMost("longestReadGap", 200, "calm gap", { during: ["calm"] })),
  ).toEqual(["missed 1100", "held 100"]);
});

test("what is judged must be known; what is only measured need not", () => {
  expect(
    verdictOn(
      none("failedWrites", "a"),
      none("staleReads", "b"),
      none("twoPrimaries", "c"),
      measured("newPrimary", "d"),
    ),
  ).toEqual(["unknown null", "unknown null", "unknown null", "measured null"]);
});

test("violations, the primary, recovery and alerts are judged", () => {
  const during = { during: ["bad"], alert: "Hot" };
  expect(
    verdictOn(
      none("lostWrites", "a"),
      none("duplicatedWrites", "b"),
      none("primaryMoved", "c"),
      atMost("recovery", 1_000, "d"),
      atMost("alertDelay", 1_000, "e", during),
    ),
  ).toEqual(["missed 1", "held 0", "missed 1", "held 700", "held 500"]);
  expect(verdictOn(atMost("alertDelay", 1_000, "other", { during: ["bad"], alert: "Cold" }))).toEqual(["missed null"]);
});

test("over rounds the median and the worst count; one round that missed is enough, and one that is unknown is no success", () => {
  const rounds = (...verdicts: RoundVerdict[]) => verdicts.map((verdict) => ({ verdicts: [verdict] }));
  const of = (...verdicts: RoundVerdict[]) => judgeRun([atMost("longestWrite", 10, "w")], rounds(...verdicts))[0];
  const held = (figure: number): RoundVerdict => ({ figure, verdict: "held" });
  expect(of(held(1), held(9), held(2))).toMatchObject({ median: 2, worst: 9, verdict: "held" });
  expect(of(held(1), { figure: 11, verdict: "missed" })).toMatchObject({ median: 6, worst: 11, verdict: "missed" });
  const unknown = of(held(1), { figure: null, verdict: "unknown" });
  expect(unknown).toMatchObject({ median: 1, verdict: "unknown" });
  expect(unknown && deviationsIn([unknown])).toEqual(unknown && [unknown]);
  const slow = { ...atMost("longestWrite", 10, "w"), medianLimit: 5 };
  const verdictOf = (...figures: number[]) => judgeRun([slow], rounds(...figures.map(held)))[0]?.verdict;
  expect([verdictOf(4, 9, 2), verdictOf(4, 9, 6), verdictOf(9)]).toEqual(["held", "missed", "held"]);
  const target = { ...measured("longestWrite", "w"), comparison: "at most" as const, medianLimit: 5, worstLimit: 8 };
  const overall = (...figures: number[]) =>
    judgeRun([target], rounds(...figures.map((figure): RoundVerdict => ({ figure, verdict: "measured" }))))[0]?.verdict;
  expect([overall(4, 8, 2), overall(4, 9, 2), overall(4, 8, 6), overall(9)]).toEqual([
    "held",
    "missed",
    "missed",
    "measured",
  ]);
  expect(of()).toMatchObject({ median: null, worst: null, verdict: "unknown" });
});
