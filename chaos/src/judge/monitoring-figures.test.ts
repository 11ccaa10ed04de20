import { describe, expect, test } from "bun:test";
import { median } from "@goldenring/run-kit";
import fc from "fast-check";
import { EXPERIMENTS } from "../book/registry.ts";
import { atMost, none } from "../experiment/expect.ts";
import type { Expectation } from "../experiment/experiment.ts";
import type { RecordedAlert, RoundVerdict } from "../run/record.ts";
import type { Evidence, MonitoringEvidence } from "./evidence.ts";
import { judgeRound } from "./figure.ts";
import { EXPECTED } from "./monitoring-figures.ts";

const FAULT_AT_MS = 1_000;
const UNDONE_AT_MS = FAULT_AT_MS + 120_000;

function came(name: string, afterMs: number, change: Partial<RecordedAlert> = {}): RecordedAlert {
  const at = FAULT_AT_MS + afterMs;
  const labels = { machine: "pg-01" };
  return {
    name,
    status: "firing",
    machine: "pg-01",
    severity: "",
    labels,
    at,
    delay: afterMs,
    stage: "hot",
    ...change,
  };
}
const resolved = came("HostHot", 150_000, { status: "resolved" });

const evidence = (
  alerts: Evidence["alerts"],
  monitoring: MonitoringEvidence = { firedBefore: ["Old"], apiCpu: {} },
): Evidence => ({
  history: { header: {} as Evidence["history"]["header"], reads: [], writes: [], endedAt: 0 } as never,
  background: undefined,
  samples: [],
  verdict: {} as Evidence["verdict"],
  from: 0,
  stages: [
    {
      name: "hot",
      from: FAULT_AT_MS,
      to: UNDONE_AT_MS + 5_000,
      faults: [{ kind: "cpu", machine: "pg-01", words: "", at: FAULT_AT_MS, injectedAt: null, undoneAt: UNDONE_AT_MS }],
    },
  ],
  before: { primary: "pg-01", replica: "pg-02", etcdLeader: undefined },
  after: undefined,
  recovery: null,
  states: [],
  alerts,
  targets: { primary: ["pg-01"] },
  monitoring,
});

const HOT = { during: ["hot"], alert: "HostHot", labels: { machine: "primary" } };
const mayCome = [
  { alert: "HostHot", labels: HOT.labels, why: EXPECTED },
  { alert: "Slow", why: "it is hot" },
];
const expectations = (withinMs = 180_000): Expectation[] => [
  atMost("alertDelay", withinMs, "", HOT),
  atMost("alertResolved", 300_000, "", HOT),
  none("undeclaredAlerts", "", { mayCome }),
];
const judge = (alerts: Evidence["alerts"], withinMs?: number): RoundVerdict[] =>
  judgeRound(expectations(withinMs), evidence(alerts));
const verdicts = (judged: readonly RoundVerdict[]): string[] => judged.map(({ verdict }) => verdict);

describe("a fault's alert", () => {
  test("that comes in time and is resolved after the undo misses nothing", () => {
    expect(judge([came("HostHot", 60_000), resolved])).toEqual([
      { figure: 60_000, verdict: "held" },
      { figure: 30_000, verdict: "held" },
      { figure: 0, verdict: "held" },
    ]);
  });

  test("is late after its target, and not before", () => {
    fc.assert(
      fc.property(fc.constantFrom(90_000, 180_000), fc.integer({ min: 0, max: 300_000 }), (withinMs, afterMs) => {
        const [delay] = judge([came("HostHot", afterMs), resolved], withinMs);
        expect(delay?.verdict).toBe(afterMs > withinMs ? "missed" : "held");
      }),
    );
  });

  const missed: [string, RecordedAlert[], number, string | undefined][] = [
    ["does not come", [], 0, "HostHot did not come"],
    [
      "comes of another machine only",
      [came("HostHot", 1_000, { labels: { machine: "pg-02" } })],
      0,
      "HostHot did not come",
    ],
    ["is not reported as resolved", [came("HostHot", 1_000)], 1, "HostHot was not resolved"],
    ["is resolved too late", [came("HostHot", 1_000), { ...resolved, at: UNDONE_AT_MS + 300_001 }], 1, undefined],
    [
      "brings another that was not declared",
      [came("HostHot", 1_000), came("Panic", 2_000), came("Panic", 9_000), resolved],
      2,
      "Panic of pg-01 was not declared",
    ],
    [
      "comes of another machine, too",
      [came("HostHot", 1_000), came("HostHot", 2_000, { machine: "pg-02", labels: { machine: "pg-02" } }), resolved],
      2,
      "HostHot of pg-02 was not declared",
    ],
  ];
  test.each(missed)("that %s is a miss", (_, alerts, index, why) => {
    const verdict = judge(alerts)[index];
    expect(verdict?.verdict).toBe("missed");
    expect(verdict?.why).toBe(why);
  });

  test("may bring those that were declared, and those that fired before say nothing", () => {
    const judged = judge([came("HostHot", 1_000), came("Slow", 5_000), came("Old", 6_000), resolved]);
    expect(verdicts(judged)).toEqual(["held", "held", "held"]);
    expect(judged[2]?.why).toBe("came as declared: Slow");
  });

  test("is not known where nobody receives alerts", () => {
    expect(verdicts(judge(null))).toEqual(["unknown", "unknown", "unknown"]);
  });
});

test("in a quiet time every alert counts that was not declared and did not fire before", () => {
  const alerts = [came("Slow", 1), came("Old", 2), came("Panic", 3), { ...resolved, name: "Steady" }];
  const [verdict] = judgeRound([none("undeclaredAlerts", "", { mayCome })], evidence(alerts));
  expect(verdict).toEqual({
    figure: 1,
    verdict: "missed",
    why: "Panic of pg-01 was not declared; came as declared: Slow",
  });
});

describe("what monitoring sees and costs", () => {
  const watching = EXPERIMENTS.find(({ id }) => id === "MON-watching")?.expectations ?? [];
  const seen = {
    targetsUp: 47,
    targets: 47,
    queries: { checked: 300, declaredEmpty: 3, failed: [] as string[] },
    prometheusMegabytes: 160,
  };
  const cpu = (...differences: readonly number[]): Record<string, readonly number[]> => {
    const pairs = differences.flatMap((each, index): [string, readonly number[]][] => [
      [`unwatched ${index + 1}`, [5]],
      [`watched ${index + 1}`, [5 + each]],
    ]);
    return Object.fromEntries(pairs);
  };
  const judgeWatching = (change: Partial<typeof seen>, apiCpu = cpu(0.8, 0.9, 1.1)) =>
    judgeRound(watching, evidence([], { firedBefore: [], seen: { ...seen, ...change }, apiCpu }));

  test("within the targets nothing is missed", () => {
    expect(verdicts(judgeWatching({}))).toEqual(["held", "held", "held", "held"]);
    expect(judgeWatching({})[3]?.figure).toBeCloseTo(0.9);
  });

  test.each([
    ["a target that is down", { targetsUp: 46 }, undefined, 0, "46 of 47 targets are up"],
    ["no target at all", { targets: 0, targetsUp: 0 }, undefined, 0, "Prometheus has no target"],
    [
      "a query without data",
      { queries: { ...seen.queries, failed: ["etcd > Fsync"] } },
      undefined,
      1,
      "etcd > Fsync has no data",
    ],
    ["no query at all", { queries: { ...seen.queries, checked: 0 } }, undefined, 1, "no query was asked"],
    ["too much memory", { prometheusMegabytes: 300 }, undefined, 2, ""],
    ["too much CPU", {}, cpu(1, 2, 3), 3, "from 1.00 to 3.00 %"],
    ["a CPU that could not be measured", {}, {}, 3, "the CPU of the replicas was not measured"],
  ])("%s is a miss", (_, change, apiCpu, index, why) => {
    const judged = judgeWatching(change, apiCpu);
    expect(judged.flatMap(({ verdict }, at) => (verdict === "missed" ? [at] : []))).toEqual([index]);
    expect(judged[index]?.why ?? "").toStartWith(why);
  });

  test("nothing is known where nobody asked", () => {
    const judged = judgeRound(watching.slice(0, 3), evidence(null, { firedBefore: [], apiCpu: {} }));
    expect(verdicts(judged)).toEqual(["unknown", "unknown", "unknown"]);
  });

  test("a median has as many values above as below", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const above = values.filter((value) => value > middle).length;
        const below = values.filter((value) => value < middle).length;
        expect(Math.max(above, below)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});
