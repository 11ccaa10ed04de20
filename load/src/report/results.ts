import * as z from "zod";
import { PARTS, type PartName } from "../all/parts.ts";
import type { Capacity } from "../capacity/find-capacity.ts";
import type { StepResult } from "../capacity/judge-step.ts";
import { replicaLimit } from "../capacity/replica-limit.ts";
import { saturationOf } from "../capacity/saturation.ts";
import type { RunRecord } from "../record/record.ts";
import type { StoredRun } from "../record/run-folder.ts";
import { isHeld } from "../record/verdict.ts";
import { SCENARIOS } from "../scenarios.ts";
import { mixedPercentile } from "../statistics/mixed-percentile.ts";
import { FIGURES } from "./figures.ts";
import { dataSize } from "./report-of-2023.ts";
import { commitInWords, dataInWords, loadInWords, machineInWords } from "./words.ts";

/** The product, or the same contract with one SQL query per request. */
const Side = z.enum(["ours", "baseline"]);
export type Side = z.infer<typeof Side>;

const RunFigures = z.object({
  run: z.string(),
  load: z.string(),
  /** Of `load all`: a part that is measured anew replaces its own runs only. */
  part: z.enum(PARTS).optional(),
  date: z.string().optional(),
  commit: z.string().optional(),
  /** From the first request to the last. */
  seconds: z.number().optional(),
  /** Of the service or the baseline, that answered. */
  replicas: z.number().optional(),
  /** That the service held before. */
  values: z.number().optional(),
  held: z.boolean(),
  maxUsers: z.number(),
  usersAtBreak: z.number().optional(),
  requestsPerSecond: z.number(),
  meanMs: z.number().optional(),
  p95Ms: z.number().optional(),
  failed: z.number(),
  answered: z.number().optional(),
  replicaCpu: z.number().optional(),
  replicaMemoryMiB: z.number().optional(),
  /** What serves there ended and was started anew, as when it runs out of memory. */
  replicasRestarted: z.boolean().optional(),
  ingressCpu: z.number().optional(),
  databaseCpu: z.number().optional(),
  k6Cpu: z.number().optional(),
  computerCpu: z.number().optional(),
  memoryAccessNs: z.number().optional(),
  requestsPerCpuSecond: z.number().optional(),
  gaveOutFirst: z.string(),
  ownLimitRequestsPerSecond: z.number().optional(),
});
export type RunFigures = z.infer<typeof RunFigures>;

const CapacityFigures = z.object({
  held: z.number(),
  broke: z.number().optional(),
  ended: z.string(),
  steps: z.number(),
  /** Of the step with the most users that held. */
  requestsPerSecond: z.number().optional(),
  p95Ms: z.number().optional(),
  ownLimitRequestsPerSecond: z.number().optional(),
  /** In the steps that broke. */
  gaveOutFirst: z.string(),
});
export type CapacityFigures = z.infer<typeof CapacityFigures>;

/** All that was measured of one scenario on one kind of data, by one side, in one encoding. */
export const ResultEntry = z.object({
  scenario: z.string(),
  data: z.enum(["base", "full"]),
  dataBefore: z.string(),
  encoding: z.enum(["gzip", "identity"]),
  side: Side,
  date: z.string(),
  commit: z.string(),
  machine: z.string(),
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
  /** That served. */
  readonly replicas?: number;
  /** Seconds at the beginning that count for nothing but failures and objectives. */
  readonly warmUpSeconds?: number;
}

export interface MeasuredCapacity {
  readonly side: Side;
  readonly capacity: Capacity<StepResult>;
  /** Of any of its steps, for what was loaded, with what and where. */
  readonly record: RunRecord;
}

/** An entry for each scenario, data, encoding and side among the measurements. */
export function entriesOf(
  runs: readonly MeasuredRun[],
  capacities: readonly MeasuredCapacity[],
  command: string,
): ResultEntry[] {
  const found = [
    ...runs.map((measured) => ({ ...measured, record: measured.run.record, measured, capacity: undefined })),
    ...capacities.map(({ side, record, capacity }) => ({ side, record, measured: undefined, capacity })),
  ];
  const groups = Map.groupBy(found, ({ side, record }) => keyOf(factsOf(side, record)));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const capacity = group.findLast((each) => each.capacity !== undefined)?.capacity;
    return {
      ...factsOf(first.side, first.record),
      dataBefore: dataInWords(first.record),
      date: first.record.start.slice(0, 10),
      commit: commitInWords(first.record),
      machine: machineInWords(first.record),
      k6: first.record.k6,
      command,
      runs: group.flatMap(({ measured }) => (measured === undefined ? [] : runFigures(measured))),
      ...(capacity === undefined ? {} : { capacity: capacityFigures(capacity) }),
    };
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
  const capacity = fresh.capacity ?? known.capacity;
  return { ...fresh, runs: [...kept, ...fresh.runs], ...(capacity === undefined ? {} : { capacity }) };
}

type Facts = Pick<ResultEntry, "scenario" | "data" | "encoding" | "side">;

function keyOf({ scenario, data, encoding, side }: Facts): string {
  return [scenario, data, encoding, side].join(" ");
}

function factsOf(side: Side, { scenario, target, options }: RunRecord): Facts {
  return { scenario, data: dataSize(target), encoding: options.encoding, side };
}

function runFigures({ run: whole, part, replicas, warmUpSeconds = 0 }: MeasuredRun): RunFigures {
  const run = withoutWarmUp(whole, warmUpSeconds);
  const { id, options, figures, verdict, target, start, end } = run.record;
  const figure = (name: string): number | undefined => FIGURES.find((each) => each.name === name)?.of(run);
  const own = replicaLimit(run.series, 0, Number.POSITIVE_INFINITY);
  return {
    run: id,
    load: loadInWords(options.load),
    ...(part === undefined ? {} : { part }),
    ...(replicas === undefined ? {} : { replicas }),
    date: start.slice(0, 10),
    commit: commitInWords(run.record),
    seconds: (Date.parse(end) - Date.parse(start)) / 1000,
    values: target.values,
    replicasRestarted: run.record.restarted.length > 0,
    held: isHeld(verdict),
    maxUsers: figures.maxUsers,
    requestsPerSecond: figures.rate,
    failed: figures.failed,
    answered: figures.requests - figures.failed,
    gaveOutFirst: saturationOf(run.record, run.series).first,
    ...defined({
      usersAtBreak: figures.usersAtBreak,
      meanMs: figures.latency?.mean,
      p95Ms: figures.latency?.p95,
      replicaCpu: figure("CPU of the busiest replica, median"),
      replicaMemoryMiB: figure("Memory of a replica, most"),
      ingressCpu: figure("CPU of the ingress or HAProxy, median"),
      databaseCpu: figure("CPU of the busiest database, median"),
      k6Cpu: figure("CPU of k6, median"),
      computerCpu: figure("CPU of the computer, median"),
      memoryAccessNs: run.record.before.memoryAccessNs,
      requestsPerCpuSecond: own?.requestsPerCpuSecond,
      ownLimitRequestsPerSecond: own?.limitRequestsPerSecond,
    }),
  };
}

/** Objectives and failures stay those of the whole run. */
function withoutWarmUp(run: StoredRun, seconds: number): StoredRun {
  if (seconds === 0) return run;
  const within = ({ t }: { readonly t: number }): boolean => t > seconds && t <= run.record.options.seconds;
  const rows = run.series.rows.filter(within);
  const { latency, ...figures } = run.record.figures;
  const [p90, p95] = [mixedPercentile(rows, 0.9), mixedPercentile(rows, 0.95)];
  const rate = rows.reduce((sum, { requests }) => sum + requests, 0) / Math.max(1, rows.length);
  const held =
    latency === undefined || p90 === undefined || p95 === undefined ? {} : { latency: { ...latency, p90, p95 } };
  return {
    ...run,
    record: { ...run.record, figures: { ...figures, rate, ...held } },
    series: { ...run.series, rows, parts: (run.series.parts ?? []).filter(within) },
  };
}

function capacityFigures({ held, broke, ended, steps }: Capacity<StepResult>): CapacityFigures {
  const best = steps.findLast((step) => step.users === held && step.held);
  const worst = steps.findLast((step) => step.users === broke && !step.held);
  return {
    held,
    ended,
    steps: steps.length,
    gaveOutFirst: worst === undefined ? "none" : gaveOutWithShares(worst),
    ...defined({
      broke,
      requestsPerSecond: best?.requestsPerSecond,
      p95Ms: best?.p95,
      ownLimitRequestsPerSecond: best?.replicaLimit?.limitRequestsPerSecond,
    }),
  };
}

/** `CPU of the computer (CPU: replica 61 %, k6 52 %, computer 99 %)`. */
function gaveOutWithShares({ saturation, shares = {} }: StepResult): string {
  const uses = Object.entries(shares).map(([kind, share]) => `${kind} ${Math.round(share * 100)} %`);
  return uses.length === 0 ? saturation.first : `${saturation.first} (CPU: ${uses.join(", ")})`;
}

type Defined<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

/** Without the names that have no value. */
function defined<Values extends Readonly<Record<string, number | undefined>>>(values: Values): Defined<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<Values>;
}
