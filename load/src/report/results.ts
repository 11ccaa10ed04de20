import * as z from "zod";
import { SCENARIOS } from "../../k6/scenario-table.ts";
import type { Capacity } from "../capacity/find-capacity.ts";
import { STAND_LIMITS, whatGaveOut } from "../capacity/gave-out.ts";
import type { StepResult } from "../capacity/judge-step.ts";
import { ownLimit } from "../capacity/own-limit.ts";
import type { RunRecord } from "../run/record.ts";
import { isHeld } from "../run/verdict.ts";
import { FIGURES } from "./figures.ts";
import { dataSize } from "./report-of-2023.ts";
import type { StoredRun } from "./stored-run.ts";
import { commitInWords, dataInWords, loadInWords, machineInWords } from "./words.ts";

/** The product, or the same contract with one SQL query per request. */
const Side = z.enum(["ours", "baseline"]);
export type Side = z.infer<typeof Side>;

const RunFigures = z.object({
  run: z.string(),
  load: z.string(),
  held: z.boolean(),
  maxUsers: z.number(),
  usersAtBreak: z.number().optional(),
  requestsPerSecond: z.number(),
  meanMs: z.number().optional(),
  p95Ms: z.number().optional(),
  failed: z.number(),
  replicaCpu: z.number().optional(),
  replicaMemoryMiB: z.number().optional(),
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
    ...runs.map(({ side, run }) => ({ side, record: run.record, run, capacity: undefined })),
    ...capacities.map(({ side, record, capacity }) => ({ side, record, run: undefined, capacity })),
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
      runs: group.flatMap(({ run }) => (run === undefined ? [] : runFigures(run))),
      ...(capacity === undefined ? {} : { capacity: capacityFigures(capacity) }),
    };
  });
}

/** New entries take the place of known ones about the same; in the order of the scenarios. */
export function mergeEntries(known: readonly ResultEntry[], fresh: readonly ResultEntry[]): ResultEntry[] {
  const entries = new Map([...known, ...fresh].map((entry) => [keyOf(entry), entry]));
  const place = ({ scenario }: ResultEntry): number => SCENARIOS.findIndex(({ name }) => name === scenario);
  return [...entries.values()].sort(
    (one, other) => place(one) - place(other) || keyOf(one).localeCompare(keyOf(other)),
  );
}

type Facts = Pick<ResultEntry, "scenario" | "data" | "encoding" | "side">;

function keyOf({ scenario, data, encoding, side }: Facts): string {
  return [scenario, data, encoding, side].join(" ");
}

function factsOf(side: Side, { scenario, target, options }: RunRecord): Facts {
  return { scenario, data: dataSize(target), encoding: options.encoding, side };
}

function runFigures(run: StoredRun): RunFigures {
  const { id, options, figures, verdict, machine } = run.record;
  const figure = (name: string): number | undefined => FIGURES.find((each) => each.name === name)?.of(run);
  const limits = { ...STAND_LIMITS, computerMemoryBytes: machine.memoryBytes };
  const own = ownLimit(run.series, 0, Number.POSITIVE_INFINITY);
  return {
    run: id,
    load: loadInWords(options.load),
    held: isHeld(verdict),
    maxUsers: figures.maxUsers,
    requestsPerSecond: figures.rate,
    failed: figures.failed,
    gaveOutFirst: whatGaveOut(run.series.parts ?? [], limits).first,
    ...defined({
      usersAtBreak: figures.usersAtBreak,
      meanMs: figures.latency?.mean,
      p95Ms: figures.latency?.p95,
      replicaCpu: figure("CPU of the busiest replica, median"),
      replicaMemoryMiB: figure("Memory of a replica, most"),
      requestsPerCpuSecond: own?.requestsPerCpuSecond,
      ownLimitRequestsPerSecond: own?.limitRequestsPerSecond,
    }),
  };
}

function capacityFigures({ held, broke, ended, steps }: Capacity<StepResult>): CapacityFigures {
  const best = steps.findLast((step) => step.users === held && step.held);
  const worst = steps.findLast((step) => step.users === broke && !step.held);
  return {
    held,
    ended,
    steps: steps.length,
    gaveOutFirst: worst?.gaveOut.first ?? "none",
    ...defined({
      broke,
      requestsPerSecond: best?.requestsPerSecond,
      p95Ms: best?.p95,
      ownLimitRequestsPerSecond: best?.ownLimit?.limitRequestsPerSecond,
    }),
  };
}

type Defined<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

/** Without the names that have no value. */
function defined<Values extends Readonly<Record<string, number | undefined>>>(values: Values): Defined<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<Values>;
}
