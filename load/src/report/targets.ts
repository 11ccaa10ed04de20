import { median, shown, withUnit } from "@goldenring/run-kit";
import {
  BASELINE_CITIES,
  CHAOS_USERS,
  HEAVY_BASE_USERS,
  HEAVY_FULL_USERS,
  type PartName,
  RAMP_MAX_USERS,
  STEADY_SCENARIOS,
  STEADY_USERS,
} from "../all/parts.ts";
import { DATA_SIZES } from "../seed/growth.ts";
import type { ResultEntry, RunFigures } from "./results.ts";

/** What the stand must reach. */
export interface Target {
  /** That measures it. */
  readonly part: PartName;
  readonly scenario: string;
  readonly target: string;
  readonly measured: string;
  /** Undefined: not measured, or not long enough. */
  readonly held: boolean | undefined;
  /** A missed goal does not fail the run. */
  readonly isGoal?: boolean;
}

const MAX_P95_MS = 60;
const MAX_CPU_SHARE = 0.4;
/** From here on what waits for a CPU waits for longer than the service takes. */
const FULL_COMPUTER_SHARE = 0.8;
const REPLICA_MIB = 128;
const CHAOS_S = 900;
/** The first and the last request are not at the very ends of a run. */
const ROUNDING = 0.98;
/** Of the latency with the full data to that at the start: more is no noise. */
const MAX_GROWTH = 2;
const MIN_TIMES = { "browse-cities": 3, "heavy-query": 20 } as const;
/** The last step of the ramp. */
const GOAL_USERS = RAMP_MAX_USERS;

/** Every target, judged by the figures that are known. */
export function targetsOf(entries: readonly ResultEntry[]): Target[] {
  return [
    ...STEADY_SCENARIOS.flatMap((scenario) => [...steadyTargets(entries, scenario), rampTarget(entries, scenario)]),
    growthTarget(entries),
    ...heavyTargets(entries),
    chaosTarget(entries),
    ...BASELINE_CITIES.map(({ replicas, users, isJudged }) => ({
      ...sideBySideTarget(entries, "browse-cities", "base", { replicas, users }),
      isGoal: !isJudged,
    })),
    sideBySideTarget(entries, "heavy-query", "full"),
    { ...sideBySideTarget(entries, "heavy-query", "base"), isGoal: true },
    goal(entries),
  ];
}

interface Place {
  readonly part: PartName;
  readonly scenario: string;
  readonly data?: ResultEntry["data"];
  readonly side?: ResultEntry["side"];
  readonly encoding?: ResultEntry["encoding"];
}

function runsOf(entries: readonly ResultEntry[], place: Place): RunFigures[] {
  const { part, scenario, data, side = "ours", encoding = "gzip" } = place;
  return entries
    .filter((each) => each.scenario === scenario && each.side === side && each.encoding === encoding)
    .filter((each) => data === undefined || each.data === data)
    .flatMap(({ runs }) => runs.filter((run) => run.part === part));
}

function judged(
  place: Pick<Target, "part" | "scenario" | "target">,
  runs: readonly RunFigures[],
  of: (run: RunFigures) => number | undefined,
  holds: (value: number) => boolean,
  asText: (value: number) => string,
): Target {
  const values = runs.map(of);
  if (values.length === 0) return { ...place, measured: "not measured", held: undefined };
  const known = values.flatMap((value) => value ?? []);
  const held = known.length === values.length && known.every(holds);
  return { ...place, measured: known.length === 0 ? "no figure" : known.map(asText).join(", "), held };
}

function steadyTargets(entries: readonly ResultEntry[], scenario: string): Target[] {
  const runs = runsOf(entries, { part: "steady", scenario });
  const place = { part: "steady", scenario } as const;
  const users = `at least ${shown(STEADY_USERS)} users`;
  return [
    judged({ ...place, target: `${users} within the objectives` }, runs, heldUsers, atLeast(STEADY_USERS), inUsers),
    latencyTarget({ ...place, target: `P95 under ${MAX_P95_MS} ms` }, runs),
    judged(
      { ...place, target: "replicas under 40 % of their CPU" },
      runs,
      (run) => run.replicaCpu,
      below(MAX_CPU_SHARE),
      percent,
    ),
    judged(
      { ...place, target: "no failed request" },
      runs,
      (run) => run.failed,
      (failed) => failed === 0,
      shown,
    ),
  ];
}

/** Latency is judged as measured; a saturated computer is mentioned beside it. */
function latencyTarget(place: Pick<Target, "part" | "scenario" | "target">, runs: readonly RunFigures[]): Target {
  const target = judged(place, runs, (run) => run.p95Ms, below(MAX_P95_MS), inMs);
  const busiest = Math.max(0, ...runs.flatMap(({ computerCpu }) => computerCpu ?? []));
  if (target.held !== false || busiest < FULL_COMPUTER_SHARE) return target;
  const replicas = median(runs.flatMap(({ replicaCpu }) => replicaCpu ?? []));
  return {
    ...target,
    measured: `${target.measured}; the computer at ${percent(busiest)} of its CPU, the replicas at ${percent(replicas)} of their limit`,
  };
}

function rampTarget(entries: readonly ResultEntry[], scenario: string): Target {
  const runs = runsOf(entries, { part: "ramp", scenario });
  const target = `the ramp of 2023, compressed: at least ${shown(STEADY_USERS)} users`;
  return judged({ part: "ramp", scenario, target }, runs, usersOfRamp, atLeast(STEADY_USERS), inUsers);
}

function growthTarget(entries: readonly ResultEntry[]): Target {
  const runs = runsOf(entries, { part: "growth", scenario: "service-grows" }).toSorted(
    (one, other) => (one.values ?? 0) - (other.values ?? 0),
  );
  const target = `up to ${shown(DATA_SIZES.full.values)} values, P95 there at most ${MAX_GROWTH} times that at the beginning`;
  const place = { part: "growth", scenario: "service-grows", target } as const;
  if (runs.length === 0) return { ...place, measured: "not measured", held: undefined };
  const latencies = runs.flatMap(({ p95Ms }) => p95Ms ?? []);
  const [first] = latencies;
  const isWhole = (runs.at(-1)?.values ?? 0) >= DATA_SIZES.full.values && latencies.length === runs.length;
  const isStraight = first !== undefined && latencies.every((ms) => ms <= first * MAX_GROWTH);
  return {
    ...place,
    measured: runs.map(({ values = 0, p95Ms }) => `${shown(values)}: ${withUnit(p95Ms, "ms")}`).join("; "),
    held:
      isWhole &&
      isStraight &&
      runs.every(({ held, failed, replicasRestarted }) => held && failed === 0 && !replicasRestarted),
  };
}

function heavyTargets(entries: readonly ResultEntry[]): Target[] {
  const scenario = "heavy-query";
  const [base, full] = (["base", "full"] as const).map((data) => runsOf(entries, { part: "heavy", scenario, data }));
  const place = { part: "heavy", scenario } as const;
  const baseTarget = `base data: at least ${HEAVY_BASE_USERS} users within the objectives`;
  const fullTarget = `189 cities, 120,896 values: at least ${HEAVY_FULL_USERS} users within the objectives, gzip`;
  const memory = `the same: replicas within ${REPLICA_MIB} MiB, none restarted`;
  return [
    judged({ ...place, target: baseTarget }, base ?? [], heldUsers, atLeast(HEAVY_BASE_USERS), inUsers),
    judged({ ...place, target: fullTarget }, full ?? [], heldUsers, atLeast(HEAVY_FULL_USERS), inUsers),
    judged(
      { ...place, target: memory },
      full ?? [],
      (run) => (run.replicasRestarted ? undefined : run.replicaMemoryMiB),
      (mib) => mib <= REPLICA_MIB,
      (mib) => withUnit(mib, "MiB"),
    ),
  ];
}

function chaosTarget(entries: readonly ResultEntry[]): Target {
  const scenario = "chaos-background";
  const runs = runsOf(entries, { part: "chaos", scenario });
  const target = `${CHAOS_USERS} users for 15 minutes: no failed request`;
  const longest = Math.max(0, ...runs.map(({ seconds = 0 }) => seconds));
  const isWhole = longest >= CHAOS_S * ROUNDING;
  const asText = (failed: number): string =>
    `${shown(failed)} failed in ${shown(Math.round(longest / 6) / 10)} min${isWhole ? "" : "; 15 are needed: --full"}`;
  const place = { part: "chaos", scenario, target } as const;
  const found = judged(
    place,
    runs,
    (run) => run.failed,
    (failed) => failed === 0,
    asText,
  );
  // A shorter run can break the bar and not hold it.
  return found.held && !isWhole ? { ...found, held: undefined } : found;
}

function sideBySideTarget(
  entries: readonly ResultEntry[],
  scenario: keyof typeof MIN_TIMES,
  data: ResultEntry["data"],
  load: LoadOfSides = {},
): Target {
  const of = (side: ResultEntry["side"]): number | undefined =>
    perCpuSecond(entries, { scenario, data, side, ...load });
  const [ours, baseline] = [of("ours"), of("baseline")];
  const theirs = runsOf(entries, { part: "baseline", scenario, data, side: "baseline" });
  const on = [...new Set(theirs.flatMap(({ values }) => values ?? []))]
    .map((values) => `, ${shown(values)} values`)
    .join("");
  const by = sidesText(load);
  const target = `requests per CPU second${on}${by}: at least ${MIN_TIMES[scenario]} times the baseline's`;
  const place = { part: "baseline", scenario, target } as const;
  if (ours !== undefined && theirs.length > 0 && theirs.every(({ answered }) => answered === 0)) {
    const why = theirs.some(({ replicasRestarted }) => replicasRestarted) ? ": its replicas ran out of memory" : "";
    return { ...place, measured: `${shown(ours)} / none, the baseline answered nothing${why}`, held: true };
  }
  if (ours === undefined || baseline === undefined) return { ...place, measured: "not measured", held: undefined };
  const times = ours / baseline;
  return {
    ...place,
    measured: `${shown(ours)} / ${shown(baseline)} = ${shown(times)} times`,
    held: times >= MIN_TIMES[scenario],
  };
}

/** That both sides had. */
export interface LoadOfSides {
  readonly replicas?: number | undefined;
  readonly users?: number | undefined;
}

/** `, one replica, 2,000 users`; empty for any. */
export function sidesText({ replicas, users }: LoadOfSides): string {
  const on = replicas === undefined ? "" : replicas === 1 ? ", one replica" : `, ${replicas} replicas`;
  return on + (users === undefined ? "" : `, ${shown(users)} users`);
}

/** Of the runs that were made side by side. */
export function perCpuSecond(
  entries: readonly ResultEntry[],
  { users, replicas, ...place }: Omit<Place, "part"> & LoadOfSides,
): number | undefined {
  const runs = runsOf(entries, { part: "baseline", ...place })
    .filter(({ maxUsers }) => users === undefined || maxUsers === users)
    .filter((run) => replicas === undefined || run.replicas === replicas);
  const figures = runs.flatMap(({ requestsPerCpuSecond }) => requestsPerCpuSecond ?? []);
  return figures.length === 0 ? undefined : median(figures);
}

function goal(entries: readonly ResultEntry[]): Target {
  const scenario = "browse-cities";
  const target = `goal: ${shown(GOAL_USERS)} users within the objectives`;
  const place = { part: "capacity", scenario, target, isGoal: true } as const;
  const capacity = entries.find((each) => each.scenario === scenario && each.side === "ours")?.capacity;
  if (capacity === undefined) return { ...place, measured: "not measured", held: undefined };
  const own = capacity.replicaLimitRequestsPerSecond;
  const ownWords = own === undefined ? "" : `; the limit of the replicas is ${withUnit(own, "/s")}`;
  const first = capacity.broke === undefined ? "" : `, saturated first: ${capacity.saturated}`;
  return { ...place, measured: `${shown(capacity.held)} users${first}${ownWords}`, held: capacity.held >= GOAL_USERS };
}

/** With a constant number of users they all were within the objectives, or it has shown nothing about fewer. */
function heldUsers({ held, maxUsers }: RunFigures): number {
  return held ? maxUsers : 0;
}

/** As far as it came within the objectives. */
function usersOfRamp({ held, maxUsers, usersAtBreak }: RunFigures): number {
  return held ? maxUsers : (usersAtBreak ?? 0);
}

const atLeast = (min: number) => (value: number) => value >= min;
const below = (limit: number) => (value: number) => value < limit;
const inUsers = (users: number): string => (users === 0 ? "an objective was missed" : `${shown(users)} users`);
const inMs = (ms: number): string => withUnit(ms, "ms");
const percent = (share: number): string => withUnit(share, "%");
