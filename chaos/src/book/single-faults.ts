import { atMost, FIGURES, figuresWithin, measured, NONE_FAILS, NOTHING_LOST, none } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";

export type Use = ExperimentInput["stages"][number]["faults"][number];

export const killPostgres = (on: string): Use => {
  return { fault: "kill-process", on, pidFile: "/var/lib/postgresql/*/main/postmaster.pid" };
};
export const FULL_DISK: Use = {
  fault: "disk-fill",
  on: "primary",
  path: "/var/lib/postgresql",
  fill: { percent: 100 },
};

interface SingleFault
  extends Pick<ExperimentInput, "id" | "title" | "hypothesis" | "abortWhen" | "rounds" | "stages" | "load"> {
  /** How long writes may pause; without it the pause is measured. */
  readonly pauseMs?: number;
  /** How long a write may take; without it the slowest is measured. */
  readonly slowestWriteMs?: number;
  /** The median of the slowest writes of all rounds, and the worst of three and more: of a run on a quiet computer. */
  readonly medianWriteMs?: number;
  readonly worstWriteMs?: number;
  readonly primaryStays?: true;
}

/** A guardian, and clients that notice no failure. */
export function singleFault(options: SingleFault): ExperimentInput {
  const { pauseMs, slowestWriteMs, medianWriteMs, worstWriteMs, primaryStays, ...rest } = options;
  const ofRun = {
    ...(medianWriteMs !== undefined && { medianLimit: medianWriteMs }),
    ...(worstWriteMs !== undefined && { worstLimit: worstWriteMs }),
  };
  return {
    rounds: 5,
    ...rest,
    expectations: [
      ...NONE_FAILS,
      ...NOTHING_LOST,
      ...(primaryStays ? [none("primaryMoved", "the primary stays")] : []),
      pauseMs === undefined
        ? measured("longestWriteGap", "longest time without an acknowledged write")
        : atMost("longestWriteGap", pauseMs, `writes pause for ${pauseMs / 1_000} s at most`),
      ...(slowestWriteMs === undefined ? FIGURES : figuresWithin(slowestWriteMs, ofRun)),
    ],
    steadyState: { guardian: true },
  };
}

/** Power is lost, one machine after the other. */
const powerOff = (seconds: number, ...machines: string[]): ExperimentInput["stages"] => [
  { name: "power", faults: machines.map((on) => ({ fault: "power-off", on }) as const), seconds },
];

/** The same, and nobody fences. */
const powerOffAlone = (seconds: number, machine: string): ExperimentInput["stages"] => [
  { name: "power", faults: [{ fault: "freeze-guardian" }, { fault: "power-off", on: machine }], seconds },
];

export const SINGLE_FAULTS: readonly ExperimentInput[] = [
  singleFault({
    id: "CE-01",
    title: "Planned reboot of the primary's machine",
    hypothesis:
      "The other database machine takes over while the first one shuts down; clients wait, and nothing fails.",
    stages: [{ name: "reboot", faults: [{ fault: "reboot", on: "primary" }], seconds: 10 }],
    pauseMs: 3_000,
    slowestWriteMs: 5_000,
    medianWriteMs: 1_000,
    worstWriteMs: 1_500,
    abortWhen: [{ metric: "readSilence", above: 30_000, words: "no read is answered for 30 s" }],
  }),
  singleFault({
    id: "CE-06",
    title: "The primary's machine loses its power, without a guardian",
    hypothesis: "When the leader key has expired the replica takes over; clients wait that long, and nothing fails.",
    stages: powerOffAlone(35, "primary"),
    pauseMs: 25_000,
    slowestWriteMs: 25_000,
  }),
  singleFault({
    id: "CE-06-fenced",
    title: "The primary's machine loses its power, and the guardian fences it",
    hypothesis:
      "The guardian knows that the machine is off, frees the leader key, and the replica takes over within seconds.",
    stages: powerOff(15, "primary"),
    pauseMs: 8_000,
    slowestWriteMs: 4_000,
    medianWriteMs: 2_000,
    worstWriteMs: 2_800,
  }),
  singleFault({
    id: "CE-07",
    title: "The primary is cut off from everything",
    hypothesis:
      "A primary that is unreachable demotes itself before another one takes over: never two, nothing acknowledged is lost.",
    stages: [{ name: "cut off", faults: [{ fault: "cut", on: "primary" }], seconds: 45 }],
    slowestWriteMs: 8_000,
    medianWriteMs: 6_000,
  }),
  singleFault({
    id: "CE-08",
    title: "The replica's machine loses its power",
    hypothesis: "Commits wait for the replica until the guardian takes it out, and then go on; the primary stays.",
    stages: powerOff(15, "replica"),
    pauseMs: 8_000,
    slowestWriteMs: 2_500,
    medianWriteMs: 800,
    worstWriteMs: 1_200,
    primaryStays: true,
  }),
  singleFault({
    id: "CE-08-alone",
    title: "The replica's machine loses its power, without a guardian",
    hypothesis: "Commits wait for the replica until it counts as lost, and then go on without it; the primary stays.",
    stages: powerOffAlone(15, "replica"),
    pauseMs: 8_000,
    slowestWriteMs: 8_000,
    primaryStays: true,
  }),
  singleFault({
    id: "CE-09",
    title: "The HAProxy machine loses its power",
    hypothesis: "The API goes to the database machines itself when HAProxy is lost; nothing fails.",
    stages: powerOff(15, "haproxy/1"),
    primaryStays: true,
  }),
  singleFault({
    id: "CE-12",
    title: "The primary's PostgreSQL is killed",
    hypothesis: "Patroni notices at once, and either machine is the primary within 2.5 s; nothing fails.",
    stages: [{ name: "kill", faults: [killPostgres("primary")], seconds: 5 }],
    pauseMs: 2_500,
    slowestWriteMs: 4_000,
    medianWriteMs: 800,
    worstWriteMs: 1_300,
  }),
  singleFault({
    id: "CE-13",
    title: "etcd's leader and the primary lose their power together",
    hypothesis:
      "A new etcd leader gives the old leader key its full time again; the guardian frees it, and nothing fails.",
    stages: powerOff(40, "etcd-leader", "primary"),
    slowestWriteMs: 6_000,
    medianWriteMs: 4_000,
  }),
];
