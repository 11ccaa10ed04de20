import { median, shown, type Unit, withUnit } from "@goldenring/run-kit";
import {
  BASELINE_CITIES,
  CHAOS_USERS,
  HEAVY_BASE_USERS,
  HEAVY_FULL_USERS,
  LENGTHS,
  type PartName,
  RAMP_MAX_USERS,
  STEADY_SCENARIOS,
  STEADY_USERS,
} from "../all/parts.ts";
import { SIZE_OF_2023 } from "../record/record.ts";
import { DATA_SIZES } from "../seed/growth.ts";
import type { ResultEntry, RunFigures, Side } from "./results.ts";

export interface Target {
  readonly part: PartName;
  readonly scenario: string;
  readonly target: string;
  readonly measured: string;
  /** Undefined: not measured, or not long enough. */
  readonly held: boolean | undefined;
  /** A missed goal does not fail the run. */
  readonly isGoal?: boolean;
}

/** Undefined where the target could not be judged. */
export function verdictOf({ held, isGoal }: Target): string | undefined {
  if (held === undefined) return undefined;
  return held ? "held" : isGoal ? "not reached" : "MISSED";
}

const MAX_P95_MS = 60;
const MAX_CPU_SHARE = 0.4;
/** From here on what waits for a CPU waits for longer than the service takes. */
const FULL_COMPUTER_SHARE = 0.8;
/** The first and the last request are not at the very ends of a run. */
const ROUNDING = 0.98;
/** Of the latency with the full data to that at the start: more is no noise. */
const MAX_GROWTH = 2;
const MIN_TIMES = { "browse-cities": 3, "heavy-query": 20 } as const;

/** A target that every run of its part must reach. */
type Bound = readonly [
  target: string,
  of: (run: RunFigures) => number | undefined,
  holds: (value: number) => boolean,
  text: (value: number) => string,
];

const inUsers = (value: number): string => (value === 0 ? "an objective was missed" : `${shown(value)} users`);
const inUnit = (unit: Unit) => (value: number) => withUnit(value, unit);

/** With a constant number of users they all were within the objectives, or it has shown nothing about fewer. */
const atLeastUsers = (min: number, before = "", after = ""): Bound => [
  `${before}at least ${shown(min)} users within the objectives${after}`,
  ({ held, maxUsers }) => (held ? maxUsers : 0),
  (value) => value >= min,
  inUsers,
];
const RAMP: Bound = [
  `the ramp of 2023, compressed: at least ${shown(STEADY_USERS)} users`,
  // As far as it came within the objectives.
  ({ held, maxUsers, usersAtBreak }) => (held ? maxUsers : (usersAtBreak ?? 0)),
  (value) => value >= STEADY_USERS,
  inUsers,
];
const P95: Bound = [`P95 under ${MAX_P95_MS} ms`, ({ p95Ms }) => p95Ms, (ms) => ms < MAX_P95_MS, inUnit("ms")];
const CPU: Bound = [
  `replicas under ${withUnit(MAX_CPU_SHARE, "%")} of their CPU`,
  ({ replicaCpu }) => replicaCpu,
  (share) => share < MAX_CPU_SHARE,
  inUnit("%"),
];
const NO_FAILURE: Bound = ["no failed request", ({ failed }) => failed, (failed) => failed === 0, shown];
const MEMORY: Bound = [
  `the same: replicas within ${SIZE_OF_2023.memoryMiB} MiB, none restarted`,
  ({ replicasRestarted, replicaMemoryMiB }) => (replicasRestarted ? undefined : replicaMemoryMiB),
  (mib) => mib <= SIZE_OF_2023.memoryMiB,
  inUnit("MiB"),
];

export function targetsOf(entries: readonly ResultEntry[]): Target[] {
  const bound = (place: Place, of: Bound): Target => judged(place, runsOf(entries, place), of);
  const heavy = { part: "heavy", scenario: "heavy-query" } as const;
  return [
    ...STEADY_SCENARIOS.flatMap((scenario) => [
      bound({ part: "steady", scenario }, atLeastUsers(STEADY_USERS)),
      latencyTarget(entries, scenario),
      bound({ part: "steady", scenario }, CPU),
      bound({ part: "steady", scenario }, NO_FAILURE),
      bound({ part: "ramp", scenario }, RAMP),
    ]),
    growthTarget(entries),
    bound({ ...heavy, data: "base" }, atLeastUsers(HEAVY_BASE_USERS, "base data: ")),
    bound({ ...heavy, data: "full" }, atLeastUsers(HEAVY_FULL_USERS, "189 cities, 120,896 values: ", ", gzip")),
    bound({ ...heavy, data: "full" }, MEMORY),
    chaosTarget(entries),
    ...BASELINE_CITIES.map(({ isJudged, ...load }) => ({
      ...sideBySideTarget(entries, "browse-cities", "base", load),
      isGoal: !isJudged,
    })),
    sideBySideTarget(entries, "heavy-query", "full"),
    { ...sideBySideTarget(entries, "heavy-query", "base"), isGoal: true },
    goal(entries),
  ];
}

interface Place extends Partial<Pick<ResultEntry, "data" | "side" | "encoding">> {
  readonly part: PartName;
  readonly scenario: string;
}

function runsOf(entries: readonly ResultEntry[], place: Place): RunFigures[] {
  const { part, scenario, data, side = "ours", encoding = "gzip" } = place;
  return entries
    .filter((each) => each.scenario === scenario && each.side === side && each.encoding === encoding)
    .filter((each) => data === undefined || each.data === data)
    .flatMap(({ runs }) => runs.filter((run) => run.part === part));
}

function judged({ part, scenario }: Place, runs: readonly RunFigures[], [target, of, holds, text]: Bound): Target {
  const place = { part, scenario, target };
  if (runs.length === 0) return { ...place, ...NOT_MEASURED };
  const known = runs.flatMap((run) => of(run) ?? []);
  const held = known.length === runs.length && known.every(holds);
  return { ...place, measured: known.length === 0 ? "no figure" : known.map(text).join(", "), held };
}

const NOT_MEASURED = { measured: "not measured", held: undefined } as const;

/** Latency is judged as measured; a saturated computer is mentioned beside it. */
function latencyTarget(entries: readonly ResultEntry[], scenario: string): Target {
  const place = { part: "steady", scenario } as const;
  const runs = runsOf(entries, place);
  const target = judged(place, runs, P95);
  const busiest = Math.max(0, ...runs.flatMap(({ computerCpu }) => computerCpu ?? []));
  if (target.held !== false || busiest < FULL_COMPUTER_SHARE) return target;
  const replicas = median(runs.flatMap(({ replicaCpu }) => replicaCpu ?? []));
  const shares = `the computer at ${withUnit(busiest, "%")} of its CPU, the replicas at ${withUnit(replicas, "%")} of their limit`;
  return { ...target, measured: `${target.measured}; ${shares}` };
}

function growthTarget(entries: readonly ResultEntry[]): Target {
  const { values: full } = DATA_SIZES.full;
  const target = `up to ${shown(full)} values, P95 there at most ${MAX_GROWTH} times that at the beginning`;
  const place = { part: "growth", scenario: "service-grows", target } as const;
  const runs = runsOf(entries, place).sort((one, other) => (one.values ?? 0) - (other.values ?? 0));
  if (runs.length === 0) return { ...place, ...NOT_MEASURED };
  const maxMs = (runs.find(({ p95Ms }) => p95Ms !== undefined)?.p95Ms ?? Number.NaN) * MAX_GROWTH;
  const isStraight = runs.every(({ p95Ms = Number.POSITIVE_INFINITY }) => p95Ms <= maxMs);
  const isSound = runs.every(({ held, failed, replicasRestarted }) => held && failed === 0 && !replicasRestarted);
  return {
    ...place,
    measured: runs.map(({ values = 0, p95Ms }) => `${shown(values)}: ${withUnit(p95Ms, "ms")}`).join("; "),
    held: (runs.at(-1)?.values ?? 0) >= full && isStraight && isSound,
  };
}

function chaosTarget(entries: readonly ResultEntry[]): Target {
  const place = { part: "chaos", scenario: "chaos-background" } as const;
  const runs = runsOf(entries, place);
  const longest = Math.max(0, ...runs.map(({ seconds = 0 }) => seconds));
  const isWhole = longest >= LENGTHS.full.chaosSeconds * ROUNDING;
  const time = `${shown(Math.round(longest / 6) / 10)} min${isWhole ? "" : "; 15 are needed: --full"}`;
  const [noFailure, of, holds] = NO_FAILURE;
  const target = `${CHAOS_USERS} users for 15 minutes: ${noFailure}`;
  const found = judged(place, runs, [target, of, holds, (failed) => `${shown(failed)} failed in ${time}`]);
  // A shorter run can miss the target and not hold it.
  return found.held && !isWhole ? { ...found, held: undefined } : found;
}

function sideBySideTarget(
  entries: readonly ResultEntry[],
  scenario: keyof typeof MIN_TIMES,
  data: ResultEntry["data"],
  load: LoadOfSides = {},
): Target {
  const of = (side: Side): number | undefined => perCpuSecond(entries, { scenario, data, side, ...load });
  const [ours, baseline] = [of("ours"), of("baseline")];
  const theirs = runsOf(entries, { part: "baseline", scenario, data, side: "baseline" });
  const on = [...new Set(theirs.flatMap(({ values }) => values ?? []))].map((values) => `, ${shown(values)} values`);
  const target = `requests per CPU second${on.join("")}${sidesText(load)}: at least ${MIN_TIMES[scenario]} times the baseline's`;
  const place = { part: "baseline", scenario, target } as const;
  if (ours !== undefined && theirs.length > 0 && theirs.every(({ answered }) => answered === 0)) {
    const why = theirs.some(({ replicasRestarted }) => replicasRestarted) ? ": its replicas ran out of memory" : "";
    return { ...place, measured: `${shown(ours)} / none, the baseline answered nothing${why}`, held: true };
  }
  if (ours === undefined || baseline === undefined) return { ...place, ...NOT_MEASURED };
  return { ...place, measured: timesText(ours, baseline), held: ours / baseline >= MIN_TIMES[scenario] };
}

/** `29,040 / 8,696 = 3.34 times`. */
export function timesText(ours: number, baseline: number): string {
  return `${shown(ours)} / ${shown(baseline)} = ${shown(ours / baseline)} times`;
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
  const target = `goal: ${shown(RAMP_MAX_USERS)} users within the objectives`;
  const place = { part: "capacity", scenario, target, isGoal: true } as const;
  const capacity = entries.find((each) => each.scenario === scenario && each.side === "ours")?.capacity;
  if (capacity === undefined) return { ...place, ...NOT_MEASURED };
  const own = capacity.replicaLimitRequestsPerSecond;
  const ownWords = own === undefined ? "" : `; the limit of the replicas is ${withUnit(own, "/s")}`;
  const first = capacity.broke === undefined ? "" : `, saturated first: ${capacity.saturated}`;
  return {
    ...place,
    measured: `${shown(capacity.held)} users${first}${ownWords}`,
    held: capacity.held >= RAMP_MAX_USERS,
  };
}
