import { METRICS, type MetricName } from "../experiment/metrics.ts";
import { ExperimentRun } from "../run/record.ts";

/** Runs that nobody has made, for tests: like real ones in form and size, the same for the same seed. */
export interface Wanted {
  readonly seed: number;
  readonly experiment?: string;
  readonly rounds?: number;
  /** Seconds of a round. */
  readonly seconds?: number;
  /** Writes pause for so long when the fault begins, ms. */
  readonly pause?: number;
  readonly endedBy?: ExperimentRun["endedBy"];
  /** Stands in every text. */
  readonly text?: string;
  readonly dirty?: boolean;
}

type Round = ExperimentRun["rounds"][number];
type Random = () => number;

const FAULT_AT = 8_000;
const FAULT_LASTS = 12_000;

/** @throws where the record's schema has changed and this has not */
export function syntheticRun(wanted: Wanted): ExperimentRun {
  const { seed, experiment = "CE-01", rounds = 1, endedBy = "held", text = "", dirty = false } = wanted;
  const random = mulberry32(seed);
  const synthetic = Array.from({ length: rounds }, (_, at) => syntheticRound(at + 1, wanted, random));
  const gaps = synthetic.map(({ figures }) => figures.writes.longestGap).sort((one, other) => one - other);
  const worst = gaps.at(-1) ?? null;
  return ExperimentRun.parse({
    version: 2,
    id: `2026-11-23T20-35-${String(seed % 60).padStart(2, "0")}Z-${experiment}`,
    experiment: {
      id: experiment,
      title: `Loss of something${text}`,
      hypothesis: `Nothing is lost, and writes wait.${text}`,
      expectations: [
        expectation("failedReads", `no read fails${text}`, 0),
        expectation("longestWriteGap", `writes pause for 3 s at most${text}`, 3_000),
        { words: `time to a new primary${text}`, metric: "newPrimary", unit: "ms" },
        expectation("alertDelay", `the alert comes within three minutes${text}`, 180_000, {
          alert: "PatroniNoLeader",
          during: ["loss"],
        }),
      ],
      stages: [{ name: "loss", faults: [], seconds: FAULT_LASTS / 1_000 }],
      rounds,
    },
    startedAt: "2026-11-23T20:35:00.000Z",
    endedAt: new Date(Date.parse("2026-11-23T20:35:00Z") + rounds * 60_000).toISOString(),
    endedBy,
    ending: `It came to its end.${text}`,
    exit: endedBy === "held" ? 0 : 20,
    stand: { name: `lab${text}`, kind: "lab", target: "http://10.88.0.10" },
    computer: { os: "Linux 6.18", cpu: `AMD EPYC${text}`, cores: 2, memoryMiB: 24_576 },
    commit: "03661eb690c5011901f9cbfd0811166bbd3715d8",
    dirty,
    rounds: synthetic,
    expectations: [
      judged("failedReads", `no read fails${text}`, 0, 0, 0, "held"),
      judged(
        "longestWriteGap",
        `writes pause for 3 s at most${text}`,
        3_000,
        gaps[Math.floor(gaps.length / 2)] ?? null,
        worst,
        (worst ?? 0) > 3_000 ? "missed" : "held",
      ),
      judged("newPrimary", `time to a new primary${text}`, null, 2_100, 2_300, "measured"),
      judged("alertDelay", `the alert comes within three minutes${text}`, 180_000, null, null, "unknown"),
    ],
    journal: synthetic.flatMap(({ number }) => [
      {
        time: "2026-11-23T20:35:08.000Z",
        round: number,
        at: FAULT_AT,
        event: "undo-written",
        machine: "pg-01",
        text: `the undo is on disk${text}`,
      },
      {
        time: "2026-11-23T20:35:08.120Z",
        round: number,
        at: FAULT_AT + 120,
        event: "injected",
        machine: "pg-01",
        text: `cut off${text}`,
      },
      {
        time: "2026-11-23T20:35:20.000Z",
        round: number,
        at: FAULT_AT + FAULT_LASTS,
        event: "undone",
        machine: "pg-01",
        text: `connected${text}`,
      },
      { time: "2026-11-23T20:36:00.000Z", event: "judged", text: `all is said${text}` },
    ]),
  });
}

function syntheticRound(number: number, { seconds = 40, pause = 2_400, text = "" }: Wanted, random: Random): Round {
  const gap = pause * (0.8 + 0.4 * random());
  const lasted = seconds * 1_000;
  const undoneAt = FAULT_AT + FAULT_LASTS;
  const takeover = FAULT_AT + gap;
  const series = (rate: number, waits: boolean, base: number) =>
    Array.from({ length: seconds }, (_, at) => {
      const inGap = waits && at * 1_000 >= FAULT_AT && (at + 1) * 1_000 <= takeover;
      const p50 = base * (0.8 + 0.4 * random());
      const slow = waits && at === Math.ceil(takeover / 1_000) ? gap : p50 * (2 + 4 * random());
      if (inGap) return { at: at * 1_000, ok: 0, failed: 0, p50: null, p95: null, longest: null };
      return {
        at: at * 1_000,
        ok: Math.round(rate * (0.95 + 0.1 * random())),
        failed: 0,
        p50,
        p95: p50 * 1.8,
        longest: Math.max(slow, p50 * 1.8),
      };
    });
  const missed = gap > 3_000;
  return {
    number,
    startedAt: "2026-11-23T20:35:00.000Z",
    lasted,
    targets: { primary: ["pg-01"], [`replica${text}`]: ["pg-02"] },
    stages: [
      {
        name: `loss${text}`,
        from: FAULT_AT,
        to: undoneAt,
        faults: [
          {
            kind: "cut",
            machine: "pg-01",
            words: `cut off from all${text}`,
            at: FAULT_AT,
            injectedAt: FAULT_AT + 120,
            undoneAt,
          },
        ],
      },
      { name: "calm", from: undoneAt, to: undoneAt + 5_000, faults: [] },
    ],
    figures: {
      reads: requests(80 * seconds, 2, 60, 140),
      writes: requests(80 * seconds, 4, gap, gap),
      background: requests(40 * seconds, 2, 30, 90),
      acknowledgedWrites: 80 * seconds,
      recoveredWrites: 2,
      judgedReads: 70 * seconds,
      staleMarkedAndOld: 3,
      violations: missed ? [{ kind: "lost", what: `value 7 is not there${text}` }] : [],
      twoPrimaries: 0,
      primaryBefore: "pg-01",
      primaryAfter: "pg-02",
      newPrimary: gap - 200,
      failover: { detection: gap / 2, key: gap / 8, promotion: gap / 4, haproxy: null, search: gap / 8 },
      recovery: 5_000 + 1_000 * random(),
    },
    verdicts: [
      { figure: 0, verdict: "held" },
      { figure: gap, verdict: missed ? "missed" : "held", ...(missed ? { why: `${Math.round(gap)} ms${text}` } : {}) },
      { figure: gap - 200, verdict: "measured" },
      { figure: null, verdict: "unknown", why: "there was nobody to ask" },
    ],
    series: { reads: series(80, false, 3), writes: series(80, true, 6), background: series(40, false, 2) },
    roles: [
      { machine: "pg-01", role: "primary", timeline: 3, from: 0, to: FAULT_AT },
      { machine: "pg-01", role: "silent", timeline: null, from: FAULT_AT, to: undoneAt },
      { machine: "pg-01", role: "replica", timeline: 4, from: undoneAt, to: lasted },
      { machine: "pg-02", role: "replica", timeline: 3, from: 0, to: takeover },
      { machine: "pg-02", role: "primary", timeline: 4, from: takeover, to: lasted },
    ],
    states: [
      { machine: "haproxy", what: "master/pg-01", state: "UP", from: 0, to: FAULT_AT + 1_000 },
      { machine: "haproxy", what: "master/pg-01", state: `DOWN${text}`, from: FAULT_AT + 1_000, to: lasted },
      { machine: "etcd-01", what: "etcd", state: "healthy", from: 0, to: lasted },
    ],
    alerts: [
      alert(`PatroniMemberDown${text}`, "firing", FAULT_AT + 4_000),
      alert(`MachineDown${text}`, "firing", FAULT_AT + 5_000),
      alert(`MachineDown${text}`, "resolved", undoneAt + 4_000),
    ],
    files: {
      history: `round-${number}/history${text}.jsonl`,
      background: null,
      roles: `round-${number}/roles.jsonl`,
      guardian: null,
    },
  };
}

function alert(name: string, status: "firing" | "resolved", at: number) {
  return { name, status, machine: "pg-01", severity: "critical", labels: {}, at, delay: at - FAULT_AT, stage: "loss" };
}

function requests(count: number, p50: number, longest: number, longestGap: number) {
  const none = { failed: 0, unknown: 0, abandoned: 0, skipped: 12, slowerThan5s: 0, staleMarked: 0 };
  return { count, ok: count, ...none, longest, longestGap, p50, p95: p50 * 2, p99: p50 * 4 };
}

function expectation(metric: MetricName, words: string, limit: number, more: object = {}) {
  return { words, metric, comparison: "at most", limit, unit: METRICS[metric].unit, ...more };
}

function judged(
  metric: MetricName,
  words: string,
  limit: number | null,
  median: number | null,
  worst: number | null,
  verdict: string,
) {
  return {
    words,
    metric,
    comparison: limit === null ? null : "at most",
    limit,
    unit: METRICS[metric].unit,
    median,
    worst,
    verdict,
  };
}

/** A small generator of evenly spread numbers between 0 and 1 (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
