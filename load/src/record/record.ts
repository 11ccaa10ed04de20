/**
 * What a run leaves behind in its folder: `run.json` (RunRecord) and `series.json` (Series). Readers parse with these schemas, which also upgrade
 * older formats. A change that old readers would misread raises the format.
 */
import { join } from "node:path";
import { Provenance, readRunFile, writeRunFile } from "@goldenring/run-kit";
import { replaceFile, USUAL_REPLICA } from "@goldenring/stand";
import * as z from "zod";

export const RECORD_FORMAT = 3;
export const SERIES_FORMAT = 1;

export const RUN_FILES = {
  record: "run.json",
  series: "series.json",
  /** What k6 gives to handleSummary at the end; missing when k6 was killed. */
  k6Summary: "k6-summary.json",
  k6Log: "k6.log",
  /** k6's web dashboard as one HTML file. */
  k6Report: "k6-report.html",
  report: "report.html",
} as const;

/** How runs end. A complete run tells something about the service; `ramp`, `duration`: it ended as planned. */
export const ENDS = {
  "objective missed": ["ended when an objective was missed", true],
  ramp: ["the ramp ran to its end", true],
  duration: ["ran to its end", true],
  interrupted: ["interrupted: this is the result so far", false],
  "target unreachable": ["ended because the target stopped answering", false],
  "k6 failed": ["k6 failed", false],
} as const satisfies Readonly<Record<string, readonly [text: string, isComplete: boolean]>>;
export type EndedBy = keyof typeof ENDS;
const EndedBy = z.enum(Object.keys(ENDS) as [EndedBy, ...EndedBy[]]);

/** zod's numbers are finite. */
const finite = z.number();
const share = z.number().min(0).max(1);

export const Load = z.discriminatedUnion("kind", [
  /** `stepUsers` more users, evenly, in every `stepSeconds`, up to `maxUsers`. */
  z.object({
    kind: z.literal("ramp"),
    stepUsers: z.int().positive(),
    stepSeconds: finite,
    maxUsers: z.int().positive(),
  }),
  /** The same number of users from the beginning to the end, after a short start. */
  z.object({ kind: z.literal("constant"), users: z.int().positive() }),
]);
export type Load = z.infer<typeof Load>;

export const RunOptions = z.object({
  load: Load,
  /** Planned length, seconds. */
  seconds: finite,
  /** What clients ask for by Accept-Encoding. */
  encoding: z.enum(["gzip", "identity"]),
  /** False: the run goes on after an objective broke (the verdict still says so). */
  stopsAtBreach: z.boolean(),
  /** Share of the answers whose body is looked into; the others count by their status. */
  bodyCheckShare: share,
});
export type RunOptions = z.infer<typeof RunOptions>;

/** One objective and what was measured. `actual` is undefined where nothing was measured. */
export const ObjectiveVerdict = z.object({
  name: z.enum(["p95", "p90", "errors", "checks"]),
  /** ms for p95 and p90, a share for errors and checks. */
  limit: finite,
  actual: finite.optional(),
  isHeld: z.boolean(),
});
export type ObjectiveVerdict = z.infer<typeof ObjectiveVerdict>;

export const Latency = z.object({ p50: finite, p90: finite, p95: finite, p99: finite });
export type Latency = z.infer<typeof Latency>;

/** Over the whole run. Latencies in ms; undefined where nothing was answered. */
export const Figures = z.object({
  requests: z.int(),
  /** Requests a second over the run's length. */
  rate: finite,
  failed: z.int(),
  checksFailed: z.int(),
  latency: Latency.extend({ mean: finite, max: finite }).optional(),
  /** Without moderators, as everywhere. */
  maxUsers: z.int(),
  /** Users when an objective broke; undefined where none did. */
  usersAtBreak: z.int().optional(),
  bytesReceived: z.int(),
  bytesSent: z.int(),
});
export type Figures = z.infer<typeof Figures>;

export const TargetFacts = z.object({
  /** As it was named, or as this computer reaches the stand's ingress. */
  url: z.string(),
  /** What k6 asked, where that is another way to the same service: the ingress in the stand's own network. */
  asked: z.string().optional(),
  /** What the service says about itself: `weather_build_info` of /metrics, else the version of its OpenAPI document. */
  build: z.record(z.string(), z.string()),
  cities: z.int(),
  values: z.int(),
});
export type TargetFacts = z.infer<typeof TargetFacts>;

/** How many API replicas a stand has, and what each of them may use: CPU in cores. */
export const ApiSize = z.object({
  replicas: z.int().positive(),
  cpu: finite.positive(),
  memoryMiB: z.int().positive(),
});
export type ApiSize = z.infer<typeof ApiSize>;

export const SIZE_OF_2023: ApiSize = { replicas: 3, ...USUAL_REPLICA };

/** Runs of older formats had the size of 2023, and of services that are no stand it is not known. */
export const sizeOf = ({ size = SIZE_OF_2023 }: Pick<RunRecord, "size">): ApiSize => size;

const CurrentRecord = z.object({
  format: z.literal(RECORD_FORMAT),
  /** Name of the folder: UTC time and scenario. */
  id: z.string(),
  scenario: z.string(),
  options: RunOptions,
  ...Provenance.shape,
  k6: z.string(),
  /** The computer in the moment before the start. */
  before: z.object({
    /** Of the last minute: well above 0, something else was busy. */
    loadAverage: finite,
    /** One access to memory: how busy the neighbours of a virtual machine are. Older runs did not measure it. */
    memoryAccessNs: finite.optional(),
  }),
  target: TargetFacts,
  size: ApiSize.optional(),
  start: z.iso.datetime(),
  end: z.iso.datetime(),
  endedBy: EndedBy,
  verdict: z.array(ObjectiveVerdict),
  figures: Figures,
  /** Machines of replicas whose service was restarted during the run. */
  restarted: z.array(z.string()),
  exit: z.int(),
  /** What a reader must know to judge the figures, such as that the target stopped answering. */
  notes: z.array(z.string()),
});

export const RunRecord = z.preprocess(upgraded, CurrentRecord);
export type RunRecord = z.infer<typeof CurrentRecord>;

const Format1 = z.looseObject({
  format: z.literal(1),
  machine: z.object({
    cores: z.int(),
    processor: z.string(),
    memoryBytes: z.int(),
    kernel: z.string(),
    loadBefore: finite,
    memoryAccessNs: finite.optional(),
  }),
  endedBy: z.string(),
  notes: z.array(z.string()),
});

const ENDED_BY_OF_FORMAT_1: Readonly<Record<string, EndedBy>> = {
  slo: "objective missed",
  interrupt: "interrupted",
  "target down": "target unreachable",
};

const RESTARTED_NOTE_OF_FORMAT_1 = "started anew during the run: the service on ";

const Format2 = z.looseObject({ format: z.literal(2) });

/** A record of an older format in the current form; anything else as it is. */
function upgraded(content: unknown): unknown {
  if (Format2.safeParse(content).success) return { ...Format2.parse(content), format: RECORD_FORMAT };
  const parsed = Format1.safeParse(content);
  if (!parsed.success) return content;
  const { machine, endedBy, notes, ...rest } = parsed.data;
  const { cores, processor, memoryBytes, kernel, loadBefore, memoryAccessNs } = machine;
  const isRestart = (note: string): boolean => note.startsWith(RESTARTED_NOTE_OF_FORMAT_1);
  return {
    ...rest,
    format: RECORD_FORMAT,
    computer: { os: `Linux ${kernel}`, cpu: processor, cores, memoryMiB: Math.round(memoryBytes / 2 ** 20) },
    before: { loadAverage: loadBefore, memoryAccessNs },
    endedBy: ENDED_BY_OF_FORMAT_1[endedBy] ?? endedBy,
    restarted: notes.filter(isRestart).flatMap((note) => note.slice(RESTARTED_NOTE_OF_FORMAT_1.length).split(", ")),
    notes: notes.filter((note) => !isRestart(note)),
  };
}

/** One second of requests. `latency` is undefined in a second without answers. */
export const RouteSecond = z.object({ requests: finite, failed: finite, latency: Latency.optional() });
export type RouteSecond = z.infer<typeof RouteSecond>;

/** One second of the run. Every second has a row, also one in which nothing happened. */
export const SeriesRow = RouteSecond.extend({
  /** Seconds from the run's start to the end of the interval. */
  t: finite,
  /** Those that the load brings; a scenario's moderators come on top. */
  users: z.int(),
  checksFailed: finite,
  /** By the route tag, such as `GET /Cities/{id}`. */
  routes: z.record(z.string(), RouteSecond),
});
export type SeriesRow = z.infer<typeof SeriesRow>;

export const ResourceUse = z.object({
  /** `k6`, `computer`, or a machine of the stand such as `api-01`. */
  name: z.string(),
  /** CPU in use as a share of what it may use (its limit, or the computer's cores); 1: all of it. */
  cpuShare: share.optional(),
  memoryBytes: finite.optional(),
});
export type ResourceUse = z.infer<typeof ResourceUse>;

export const ResourceRow = z.object({ t: finite, parts: z.array(ResourceUse) });
export type ResourceRow = z.infer<typeof ResourceRow>;

export const Series = z.object({
  format: z.literal(SERIES_FORMAT),
  /** Seconds between two rows. */
  interval: z.literal(1),
  rows: z.array(SeriesRow),
  /** On the same clock as `rows`, but in seconds of its own. */
  parts: z.array(ResourceRow).optional(),
});
export type Series = z.infer<typeof Series>;

/** A run with the place where it is stored. */
export interface StoredRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly series: Series;
}

/** The record last: a folder that has one is complete. */
export function writeRun({ folder, record, series }: StoredRun): void {
  replaceFile(join(folder, RUN_FILES.series), JSON.stringify(series));
  writeRunFile(folder, RUN_FILES.record, record);
}

/** @throws {CommandError} (usage) where there is no such run, or its files are not what this version reads */
export async function readRun(folder: string): Promise<StoredRun> {
  const [record, series] = await Promise.all([
    readRunFile(folder, RUN_FILES.record, RunRecord),
    readRunFile(folder, RUN_FILES.series, Series),
  ]);
  return { folder, record, series };
}
