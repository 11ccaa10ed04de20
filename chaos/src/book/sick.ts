import { atMost } from "../experiment/expect.ts";
import type { ExperimentInput } from "../experiment/experiment.ts";
import { singleFault, type Use } from "./single-faults.ts";

/** Long enough for a guardian to act, and for clients to notice when none does: a write waits for 30 s at most, s. */
const PRIMARY_S = 45;
const REPLICA_S = 30;

const WITHIN_SECONDS = { medianWriteMs: 6_000, slowestWriteMs: 8_000 };

const stage = (use: Use, seconds: number): ExperimentInput["stages"] => [{ name: "sick", faults: [use], seconds }];

/** The primary's machine lives and does not serve. */
const sickPrimary = (id: string, title: string, effect: string, use: Use, limits = WITHIN_SECONDS) =>
  singleFault({
    id,
    title,
    hypothesis: `${effect} The replica takes over within seconds, and nothing fails.`,
    stages: stage(use, PRIMARY_S),
    ...limits,
  });

const lossOut = (percent: number) =>
  sickPrimary(
    `CE-20-out-${percent}`,
    `The primary's machine loses ${percent} % of the packets that it sends`,
    "Answers arrive late or never.",
    { fault: "loss", on: "primary", percent, direction: "out" },
    { medianWriteMs: 8_000, slowestWriteMs: 10_000 },
  );

/** Machines that are sick and alive: nobody sees that they are off, and clients wait. */
export const SICK_PRIMARY: readonly ExperimentInput[] = [
  sickPrimary("CE-17", "The primary's disk stalls", "What writes to the disk waits, and all else goes on.", {
    fault: "disk-stall",
    on: "primary",
  }),
  sickPrimary("CE-18", "The primary's PostgreSQL is frozen", "Connections stay open, and nothing answers.", {
    fault: "freeze-process",
    on: "primary",
    process: "all",
  }),
  sickPrimary(
    "CE-19",
    "The primary's port 5432 is cut off from its clients",
    "Patroni and the replica notice nothing of it.",
    { fault: "cut", on: "primary", from: ["haproxy", "api"], port: 5_432 },
  ),
  lossOut(60),
  lossOut(80),
  sickPrimary(
    "CE-20-both-80",
    "The primary's machine loses 80 % of the packets both ways",
    "One of 25 round trips succeeds.",
    { fault: "loss", on: "primary", percent: 80, direction: "both" },
  ),
];

/** Slower than the objective, and not unavailable. */
const slowPrimary = (id: string, title: string, use: Use, load: ExperimentInput["load"] = {}) =>
  singleFault({
    id,
    title,
    hypothesis: "Writes get slower. The replica takes over only if users suffer more than the objective for 10 s.",
    stages: stage(use, PRIMARY_S),
    slowestWriteMs: 8_000,
    load,
  });

export const SLOW_PRIMARY: readonly ExperimentInput[] = [
  slowPrimary(
    "CE-21",
    "The primary's disk is slowed down to 1 MB/s under 90 writes/s",
    { fault: "disk-slow", on: "primary", bytesPerSecond: 1_000_000 },
    { clients: 9, intervalMs: 100 },
  ),
  slowPrimary("CE-22", "What the primary's machine sends arrives 200 ms late", {
    fault: "delay",
    on: "primary",
    ms: 200,
  }),
];

/** Commits wait for a replica that is sick, as long as it is the synchronous standby. */
const sickReplica = (id: string, title: string, stages: ExperimentInput["stages"]) =>
  singleFault({
    id,
    title,
    hypothesis: "Commits wait for the replica until it is no synchronous standby any more; the primary stays.",
    stages,
    medianWriteMs: 2_000,
    slowestWriteMs: 3_000,
    primaryStays: true,
  });

const FLAP_S = 2;
const FLAPS = Array.from({ length: 15 }, (_, index) => index + 1);
/** From here on the replica has been kept out: it is expected to cost one pause of writes, not one each time. */
const KEPT_OUT = FLAPS.slice(3).map((number) => `off ${number}`);

const flapping = sickReplica(
  "CE-26",
  "The replica is cut off for 2 s of every 4 s",
  FLAPS.flatMap((number) => [
    { name: `off ${number}`, faults: [{ fault: "cut", on: "replica" } as const], seconds: FLAP_S },
    { name: `on ${number}`, faults: [], seconds: FLAP_S },
  ]),
);

export const SICK_REPLICA: readonly ExperimentInput[] = [
  sickReplica("CE-23", "The replica's disk stalls", stage({ fault: "disk-stall", on: "replica" }, REPLICA_S)),
  sickReplica(
    "CE-24",
    "The replica's PostgreSQL is frozen",
    stage({ fault: "freeze-process", on: "replica", process: "all" }, REPLICA_S),
  ),
  sickReplica(
    "CE-25",
    "The replica's machine loses 80 % of the packets both ways",
    stage({ fault: "loss", on: "replica", percent: 80, direction: "both" }, REPLICA_S),
  ),
  {
    ...flapping,
    expectations: [
      ...flapping.expectations,
      atMost("longestWrite", 1_000, "from the fourth time on writes do not pause", { during: KEPT_OUT }),
    ],
  },
];

/** The primary is well, and something around it is used up. */
export const EXHAUSTED: readonly ExperimentInput[] = [
  singleFault({
    id: "CE-27",
    title: "All connection slots of the primary's PostgreSQL are taken",
    hypothesis: "The API keeps the connections that it has: nothing fails, and there is no failover.",
    stages: stage({ fault: "connections", on: "primary" }, PRIMARY_S),
    primaryStays: true,
  }),
  singleFault({
    id: "CE-28",
    title: "etcd's alarm NOSPACE is raised",
    hypothesis: "The leader's lease lives on, so clients notice nothing; a new leader could not be elected.",
    stages: stage({ fault: "etcd-alarm", on: "etcd/1" }, PRIMARY_S),
    primaryStays: true,
  }),
];
