import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { EXIT, interruptedExit, makeRunFolder, provenance } from "@goldenring/run-kit";
import type { Machine } from "@goldenring/stand";
import type { Plan } from "../../k6/plan.ts";
import type { Scenario } from "../../k6/scenario-table.ts";
import {
  type EndedBy,
  RECORD_FORMAT,
  type ResourceRow,
  type ResourceUse,
  RUN_FILES,
  type RunOptions,
  type RunRecord,
  SERIES_FORMAT,
  type Series,
  type SeriesRow,
  type TargetFacts,
} from "../record/record.ts";
import { type StoredRun, writeRun } from "../record/run-folder.ts";
import { isHeld } from "../record/verdict.ts";
import { computerBefore } from "../resources/computer-use.ts";
import { MachineWatch } from "../resources/machine-watch.ts";
import { bySecond } from "../resources/resources.ts";
import { type Inspection, inspectTarget } from "../service/inspect.ts";
import { type Permission, requirePermission } from "../service/permission.ts";
import { parseTarget, WeatherApi } from "../service/weather-api.ts";
import { THRESHOLDS_BROKEN } from "./k6-process.ts";
import { findK6 } from "./k6-program.ts";
import { type InsideNetwork, type K6Outcome, runK6 } from "./k6-run.ts";
import type { Measurements } from "./measurements.ts";
import { type LoadOptions, runOptions } from "./options.ts";
import { judgedAfter, stagesOf } from "./stages.ts";

/** Seconds by which a run may end before its plan and still count as complete. */
const ROUNDING = 1.5;
const LOG_LINES = 12;

export interface RunRequest {
  readonly scenario: Scenario;
  readonly target: URL;
  readonly wishes: LoadOptions;
  readonly permission: Permission;
  /** What a look at the target has shown before: it is not looked at again. */
  readonly inspection?: Inspection;
  /** Where the run's folder is made. */
  readonly runs: string;
  /** Another way to the same target, which k6 takes. */
  readonly inside?: InsideNetwork;
  /** Port of k6's web dashboard, when it is wanted. */
  readonly dashboardPort?: number;
  /** Ends the run with its result so far. */
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
  readonly onRow: (row: SeriesRow, course: Measurements) => void;
  /** The stand's machines whose use is measured every second. */
  readonly watched?: readonly Machine[];
  /** What the parts of the stand used between two moments (Unix time, ms), one row a second. */
  readonly standResources?: (from: number, to: number) => Promise<ResourceRow[]>;
}

/**
 * One run, from the look at the target to its folder.
 *
 * @throws {CommandError} where it could not be begun; what happens later stands in the record
 */
export async function runLoad(request: RunRequest): Promise<StoredRun> {
  const { scenario, target, signal, log } = request;
  const options = runOptions(scenario, request.wishes);
  const k6 = await findK6();
  await requirePermission(target, request.permission);
  const api = new WeatherApi(target);
  log(`looking at ${api.base}`);
  const inspection = request.inspection ?? (await inspectTarget(api, scenario, signal));
  const { inside } = request;
  const asked = inside === undefined ? {} : { asked: new WeatherApi(parseTarget(inside.target)).base };
  const facts: TargetFacts = { ...inspection.facts, ...asked };
  log(`${facts.cities} cities, ${facts.values} values; ${scenario.about}`);
  signal.throwIfAborted();

  const before = computerBefore();
  const origin = await provenance();
  const { id, folder } = await makeRunFolder(request.runs, scenario.name, new Date());
  const plan = planOf(scenario, options, { ...inspection, facts }, join(folder, RUN_FILES.k6Summary));
  const begunAt = Date.now();
  const watch = new MachineWatch(request.watched ?? []);
  const outcome = await runK6({
    scenario: scenario.name,
    plan,
    k6: k6.path,
    folder,
    dashboardPort: request.dashboardPort,
    inside,
    signal,
    onRow: request.onRow,
    isTargetThere: () => api.isThere(),
  }).finally(() => watch.stop());
  const startedAt = outcome.course.startedAt ?? begunAt;
  const endedBy = await howItEnded(outcome, options, startedAt, signal, api);
  const notes = await notesOn(outcome, endedBy, folder);
  const { course } = outcome;
  // k6 may end a run in the very second from which on objectives are judged.
  if (endedBy === "objective missed") course.usersAtBreak ??= course.rows.at(-1)?.users;
  const verdict = course.verdict();
  const record: RunRecord = {
    format: RECORD_FORMAT,
    id,
    scenario: scenario.name,
    options,
    ...origin,
    k6: k6.version,
    before,
    target: facts,
    start: new Date(startedAt).toISOString(),
    end: new Date(Math.max(startedAt, course.latestAt)).toISOString(),
    endedBy,
    verdict,
    figures: course.figures(),
    exit: exitOf(endedBy, isHeld(verdict), signal),
    restarted: [...watch.restarted],
    notes,
  };
  const series = await seriesOf(outcome, startedAt, request, watch.rows(startedAt), notes);
  const run = { folder, record, series };
  writeRun(run);
  return run;
}

function planOf(scenario: Scenario, options: RunOptions, { facts, visited }: Inspection, summaryFile: string): Plan {
  return {
    target: facts.asked ?? facts.url,
    stages: stagesOf(options),
    acceptEncoding: options.encoding,
    bodyCheckShare: options.bodyCheckShare,
    stopsAtBreach: options.stopsAtBreach,
    judgedAfter: judgedAfter(options.seconds),
    visited,
    valueModerators: scenario.valueModerators,
    cityModerators: scenario.cityModerators,
    summaryFile,
  };
}

async function howItEnded(
  { course, exitCode, endedAt, stopped }: K6Outcome,
  { load, seconds, stopsAtBreach }: RunOptions,
  startedAt: number,
  signal: AbortSignal,
  api: WeatherApi,
): Promise<EndedBy> {
  if (signal.aborted) return "interrupted";
  if (stopped === "dead target") return "target unreachable";
  if (stopped === undefined && exitCode !== 0 && exitCode !== THRESHOLDS_BROKEN) return "k6 failed";
  if (course.endedDead() && !(await api.isThere())) return "target unreachable";
  const isCut = (endedAt - startedAt) / 1000 < seconds - ROUNDING;
  // With few users the first comes late: a run may look cut that was not.
  if (stopsAtBreach && isCut && exitCode === THRESHOLDS_BROKEN) return "objective missed";
  return load.kind === "ramp" ? "ramp" : "duration";
}

function exitOf(endedBy: EndedBy, held: boolean, signal: AbortSignal): number {
  if (endedBy === "interrupted") return interruptedExit(signal);
  if (endedBy === "target unreachable") return EXIT.targetUnreachable;
  if (endedBy === "k6 failed") return EXIT.failed;
  return held ? EXIT.ok : EXIT.objectiveMissed;
}

async function notesOn({ course, exitCode, stopped }: K6Outcome, endedBy: EndedBy, folder: string): Promise<string[]> {
  const notes: string[] = [];
  const wrong = course.figures().checksFailed;
  if (wrong > 0) notes.push(`${wrong} of the bodies that were looked into were missing or wrong`);
  if (stopped === "open dashboard")
    notes.push("k6's dashboard was open in a browser to the end: there is no k6-summary.json");
  if (endedBy === "target unreachable") notes.push("nothing answers at the target any more");
  if (endedBy === "k6 failed") {
    const log = await readFile(join(folder, RUN_FILES.k6Log), "utf8").catch(() => "");
    notes.push(`k6 ended with ${exitCode}:\n${log.trim().split("\n").slice(-LOG_LINES).join("\n")}`);
  }
  return notes;
}

/** What was measured every second is not taken from Prometheus again. */
function onlyNew(part: ResourceUse, isWatched: ReadonlySet<string>): ResourceUse {
  if (!isWatched.has(part.name)) return part;
  const { cpuShare: _cpu, memoryBytes: _memory, ...rest } = part;
  return rest;
}

async function seriesOf(
  { use, course, endedAt }: K6Outcome,
  startedAt: number,
  { standResources }: RunRequest,
  watched: readonly ResourceRow[],
  notes: string[],
): Promise<Series> {
  const parts = [...use.rows(startedAt), ...watched];
  const isWatched = new Set(watched.flatMap((row) => row.parts.map(({ name }) => name)));
  try {
    const asked = (await standResources?.(startedAt, endedAt)) ?? [];
    parts.push(...asked.map((row) => ({ ...row, parts: row.parts.map((part) => onlyNew(part, isWatched)) })));
  } catch (error) {
    // It costs the run these rows and nothing else.
    notes.push(`the stand's Prometheus gave nothing: ${error instanceof Error ? error.message : error}`);
  }
  // Each machine is measured at a moment of its own; one row for each second can be judged and drawn.
  const rows = bySecond(parts);
  return { format: SERIES_FORMAT, interval: 1, rows: course.rows, ...(rows.length > 0 ? { parts: rows } : {}) };
}
