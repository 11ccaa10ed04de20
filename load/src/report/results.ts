import { commitText, computerText, secondsBetween } from "@goldenring/run-kit";
import * as z from "zod";
import { PARTS, type PartName } from "../all/parts.ts";
import type { Capacity } from "../capacity/find-capacity.ts";
import type { StepResult } from "../capacity/judge-step.ts";
import { replicaLimit, saturationOf } from "../capacity/saturation.ts";
import type { RunRecord, StoredRun } from "../record/record.ts";
import { isHeld } from "../record/verdict.ts";
import { cpuOf, cutSeries } from "../resources/resources.ts";
import { SCENARIOS } from "../scenarios.ts";
import { DATA_SIZE_NAMES, dataSize } from "../seed/growth.ts";
import { mixedPercentile } from "../statistics/mixed-percentile.ts";
import { maxReplicaMemoryMiB } from "./figures.ts";
import { dataText, loadText } from "./words.ts";

/** The product, or the same contract with one SQL query per request. */
const Side = z.enum(["ours", "baseline"]);
export type Side = z.infer<typeof Side>;

const figure = z.number().optional();

const RunFigures = z.object({
  run: z.string(),
  load: z.string(),
  /** Of `load all`: a part that is measured again replaces its own runs only. */
  part: z.enum(PARTS).optional(),
  date: z.string().optional(),
  commit: z.string().optional(),
  /** From the first request to the last. */
  seconds: figure,
  /** Of the service or the baseline, that answered. */
  replicas: figure,
  /** That the service held before. */
  values: figure,
  held: z.boolean(),
  maxUsers: z.number(),
  usersAtBreak: figure,
  requestsPerSecond: z.number(),
  meanMs: figure,
  p95Ms: figure,
  failed: z.number(),
  answered: figure,
  replicaCpu: figure,
  replicaMemoryMiB: figure,
  /** A replica ended and was restarted, as when it runs out of memory. */
  replicasRestarted: z.boolean().optional(),
  ingressCpu: figure,
  databaseCpu: figure,
  k6Cpu: figure,
  computerCpu: figure,
  memoryAccessNs: figure,
  requestsPerCpuSecond: figure,
  /** The first resource at its limit; "none", or "not measured". */
  saturated: z.string(),
  replicaLimitRequestsPerSecond: figure,
});
export type RunFigures = z.infer<typeof RunFigures>;

export const CapacityFigures = z.object({
  held: z.number(),
  broke: figure,
  ended: z.string(),
  steps: z.number(),
  /** Of the step with the most users that held. */
  requestsPerSecond: figure,
  p95Ms: figure,
  replicaLimitRequestsPerSecond: figure,
  /** In the steps that missed an objective. */
  saturated: z.string(),
});
export type CapacityFigures = z.infer<typeof CapacityFigures>;

/** All that was measured of one scenario on one kind of data, by one side, in one encoding. */
export const ResultEntry = z.object({
  scenario: z.string(),
  data: z.enum(DATA_SIZE_NAMES),
  dataBefore: z.string(),
  encoding: z.enum(["gzip", "identity"]),
  side: Side,
  date: z.string(),
  commit: z.string(),
  computer: z.string(),
  k6: z.string(),
  command: z.string(),
  runs: z.array(RunFigures),
  capacity: CapacityFigures.optional(),
});
export type ResultEntry = z.infer<typeof ResultEntry>;

export interface MeasuredRun {
  readonly side: Side;
  readonly run: StoredRun;
  readonly part?: PartName;
  readonly replicas?: number;
  /** Seconds at the beginning that count for nothing but failures and objectives. */
  readonly warmUpSeconds?: number | undefined;
}

export interface MeasuredCapacity {
  readonly side: Side;
  readonly capacity: Capacity<StepResult>;
  /** Of any of its steps, for what was loaded, with what and where. */
  readonly record: RunRecord;
}

export interface MeasuredLoad {
  readonly runs: readonly MeasuredRun[];
  readonly capacities?: readonly MeasuredCapacity[];
  /** What a person typed to measure this. */
  readonly command: string;
}

/** An entry for each scenario, data, encoding and side among the measurements. */
export function entriesOf({ runs, capacities = [], command }: MeasuredLoad): ResultEntry[] {
  const entryOf = (side: Side, record: RunRecord, found: RunFigures[], capacity?: CapacityFigures): ResultEntry => ({
    scenario: record.scenario,
    data: dataSize(record.target),
    encoding: record.options.encoding,
    side,
    dataBefore: dataText(record),
    date: record.start.slice(0, 10),
    commit: commitText(record),
    computer: computerText(record),
    k6: record.k6,
    command,
    runs: found,
    capacity,
  });
  const found = [
    ...runs.map((measured) => entryOf(measured.side, measured.run.record, [runFigures(measured)])),
    ...capacities.map(({ side, record, capacity }) => entryOf(side, record, [], capacityFigures(capacity))),
  ];
  return [...Map.groupBy(found, keyOf).values()].flatMap((same) => {
    const [first] = same;
    const capacity = same.findLast((each) => each.capacity !== undefined)?.capacity;
    return first === undefined ? [] : { ...first, runs: same.flatMap((each) => each.runs), capacity };
  });
}

/** New figures take the place of known ones about the same, part by part; in the order of the scenarios. */
export function mergeEntries(known: readonly ResultEntry[], fresh: readonly ResultEntry[]): ResultEntry[] {
  const entries = new Map(known.map((entry) => [keyOf(entry), entry]));
  for (const entry of fresh) entries.set(keyOf(entry), mergedEntry(entries.get(keyOf(entry)), entry));
  const place = ({ scenario }: ResultEntry): number => SCENARIOS.findIndex(({ name }) => name === scenario);
  return [...entries.values()].sort(
    (one, other) => place(one) - place(other) || keyOf(one).localeCompare(keyOf(other)),
  );
}

function mergedEntry(known: ResultEntry | undefined, fresh: ResultEntry): ResultEntry {
  if (known === undefined) return fresh;
  const parts = new Set(fresh.runs.map(({ part }) => part));
  const kept = known.runs.filter(({ part }) => part !== undefined && !parts.has(part));
  return { ...fresh, runs: [...kept, ...fresh.runs], capacity: fresh.capacity ?? known.capacity };
}

function keyOf({ scenario, data, encoding, side }: ResultEntry): string {
  return [scenario, data, encoding, side].join(" ");
}

function runFigures({ run: whole, part, replicas, warmUpSeconds = 0 }: MeasuredRun): RunFigures {
  const run = withoutWarmUp(whole, warmUpSeconds);
  const { id, options, figures, verdict, target, start, end, before, restarted } = run.record;
  const limit = replicaLimit(run.record, run.series);
  return {
    run: id,
    load: loadText(options.load),
    part,
    replicas,
    date: start.slice(0, 10),
    commit: commitText(run.record),
    seconds: secondsBetween(start, end),
    values: target.values,
    replicasRestarted: restarted.length > 0,
    held: isHeld(verdict),
    maxUsers: figures.maxUsers,
    requestsPerSecond: figures.rate,
    failed: figures.failed,
    answered: figures.requests - figures.failed,
    saturated: saturationOf(run.record, run.series).first,
    usersAtBreak: figures.usersAtBreak,
    meanMs: figures.latency?.mean,
    p95Ms: figures.latency?.p95,
    replicaCpu: cpuOf(run.series, "replica"),
    replicaMemoryMiB: maxReplicaMemoryMiB(run),
    ingressCpu: cpuOf(run.series, "ingress"),
    databaseCpu: cpuOf(run.series, "database"),
    k6Cpu: cpuOf(run.series, "k6"),
    computerCpu: cpuOf(run.series, "computer"),
    memoryAccessNs: before.memoryAccessNs,
    requestsPerCpuSecond: limit?.requestsPerCpuSecond,
    replicaLimitRequestsPerSecond: limit?.limitRequestsPerSecond,
  };
}

/** Objectives and failures stay those of the whole run. */
function withoutWarmUp(run: StoredRun, seconds: number): StoredRun {
  if (seconds === 0) return run;
  const series = cutSeries(run.series, seconds, run.record.options.seconds);
  const { latency } = run.record.figures;
  const [p90, p95] = [0.9, 0.95].map((share) => mixedPercentile(series.rows, share));
  const rate = series.rows.reduce((sum, { requests }) => sum + requests, 0) / Math.max(1, series.rows.length);
  const held = latency && p90 !== undefined && p95 !== undefined ? { ...latency, p90, p95 } : undefined;
  return { ...run, record: { ...run.record, figures: { ...run.record.figures, rate, latency: held } }, series };
}

export function capacityFigures({ held, broke, ended, steps }: Capacity<StepResult>): CapacityFigures {
  const best = steps.findLast((step) => step.users === held && step.held);
  const worst = steps.findLast((step) => step.users === broke && !step.held);
  return {
    held,
    ended,
    steps: steps.length,
    saturated: worst === undefined ? "none" : saturationWithShares(worst),
    broke,
    requestsPerSecond: best?.requestsPerSecond,
    p95Ms: best?.p95,
    replicaLimitRequestsPerSecond: best?.replicaLimit?.limitRequestsPerSecond,
  };
}

/** `CPU of the computer (CPU: replica 61 %, k6 52 %, computer 99 %)`. */
function saturationWithShares({ saturation, shares = {} }: StepResult): string {
  const uses = Object.entries(shares).map(([kind, share]) => `${kind} ${Math.round(share * 100)} %`);
  return uses.length === 0 ? saturation.first : `${saturation.first} (CPU: ${uses.join(", ")})`;
}
