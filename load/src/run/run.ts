import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "@goldenring/stand";
import type { Plan } from "../../k6/plan.ts";
import type { Scenario } from "../../k6/scenario-table.ts";
import { bySecond } from "../capacity/parts.ts";
import { type Inspection, inspectTarget } from "../target/inspect.ts";
import { type Permission, requirePermission } from "../target/permission.ts";
import { MachineWatch } from "../target/watch-machines.ts";
import { parseTarget, WeatherApi } from "../target/weather-api.ts";
import { commitOfCheckout } from "./checkout.ts";
import type { Course } from "./course.ts";
import { LOAD_EXIT } from "./exit.ts";
import { THRESHOLDS_BROKEN } from "./k6-process.ts";
import { findK6 } from "./k6-program.ts";
import { type InsideNetwork, type K6Outcome, runK6 } from "./k6-run.ts";
import { thisMachine } from "./machine-use.ts";
import { type RunWishes, runOptions } from "./options.ts";
import {
  type EndedBy,
  FORMAT_VERSION,
  type PartsRow,
  type PartUse,
  RUN_FILES,
  type RunOptions,
  type RunRecord,
  type Series,
  type SeriesRow,
  STARTED_ANEW,
  type TargetFacts,
} from "./record.ts";
import { makeRunFolder, writeRun } from "./run-folder.ts";
import { judgedAfter, stagesOf } from "./stages.ts";
import { isHeld } from "./verdict.ts";

/** Seconds by which a run may end before its plan and still count as complete. */
const ROUNDING = 1.5;
const LOG_LINES = 12;

export interface RunRequest {
  readonly scenario: Scenario;
  readonly target: URL;
  readonly wishes: RunWishes;
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
  /** What an interrupted run exits with. */
  readonly interruptedExit: () => number;
  readonly say: (text: string) => void;
  readonly onRow: (row: SeriesRow, course: Course) => void;
  /** The stand's machines whose use is measured every second. */
  readonly watched?: readonly Machine[];
  /** What the parts of the stand used between two moments (Unix time, ms), one row a second. */
  readonly standParts?: (from: number, to: number) => Promise<PartsRow[]>;
}

export interface FinishedRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly series: Series;
}

/**
 * One run, from the look at the target to its folder.
 *
 * @throws {LoadError} where it could not be begun; what happens later stands in the record
 */
export async function runLoad(request: RunRequest): Promise<FinishedRun> {
  const { scenario, target, signal, say } = request;
  const options = runOptions(scenario, request.wishes);
  const k6 = await findK6();
  await requirePermission(target, request.permission);
  const api = new WeatherApi(target);
  say(`looking at ${api.base}`);
  const inspection = request.inspection ?? (await inspectTarget(api, scenario, signal));
  const { inside } = request;
  const asked = inside === undefined ? {} : { asked: new WeatherApi(parseTarget(inside.target)).base };
  const facts: TargetFacts = { ...inspection.facts, ...asked };
  say(`${facts.cities} cities, ${facts.values} values; ${scenario.about}`);
  signal.throwIfAborted();

  const machine = thisMachine();
  const commit = await commitOfCheckout();
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
  if (endedBy === "slo") course.usersAtBreak ??= course.rows.at(-1)?.users;
  const verdict = course.verdict();
  const record: RunRecord = {
    format: FORMAT_VERSION,
    id,
    scenario: scenario.name,
    options,
    ...commit,
    k6: k6.version,
    machine,
    target: facts,
    start: new Date(startedAt).toISOString(),
    end: new Date(Math.max(startedAt, course.latestAt)).toISOString(),
    endedBy,
    verdict,
    figures: course.figures(),
    exit: exitOf(endedBy, isHeld(verdict), request.interruptedExit),
    notes,
  };
  if (watch.restarted.length > 0) notes.push(`${STARTED_ANEW}the service on ${watch.restarted.join(", ")}`);
  const series = await seriesOf(outcome, startedAt, request, watch.rows(startedAt), notes);
  await writeRun(folder, record, series);
  return { folder, record, series };
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
  if (signal.aborted) return "interrupt";
  if (stopped === "dead target") return "target down";
  if (stopped === undefined && exitCode !== 0 && exitCode !== THRESHOLDS_BROKEN) return "k6 failed";
  if (course.endedDead() && !(await api.isThere())) return "target down";
  const isCut = (endedAt - startedAt) / 1000 < seconds - ROUNDING;
  // With few users the first comes late: a run may look cut that was not.
  if (stopsAtBreach && isCut && exitCode === THRESHOLDS_BROKEN) return "slo";
  return load.kind === "ramp" ? "ramp" : "duration";
}

function exitOf(endedBy: EndedBy, held: boolean, interruptedExit: () => number): number {
  if (endedBy === "interrupt") return interruptedExit();
  if (endedBy === "target down") return LOAD_EXIT.targetDown;
  if (endedBy === "k6 failed") return LOAD_EXIT.failed;
  return held ? LOAD_EXIT.held : LOAD_EXIT.sloBroken;
}

async function notesOn({ course, exitCode, stopped }: K6Outcome, endedBy: EndedBy, folder: string): Promise<string[]> {
  const notes: string[] = [];
  const wrong = course.figures().checksFailed;
  if (wrong > 0) notes.push(`${wrong} of the bodies that were looked into were missing or wrong`);
  if (stopped === "open dashboard")
    notes.push("k6's dashboard was open in a browser to the end: there is no k6-summary.json");
  if (endedBy === "target down") notes.push("nothing answers at the target any more");
  if (endedBy === "k6 failed") {
    const log = await readFile(join(folder, RUN_FILES.k6Log), "utf8").catch(() => "");
    notes.push(`k6 ended with ${exitCode}:\n${log.trim().split("\n").slice(-LOG_LINES).join("\n")}`);
  }
  return notes;
}

/** What was measured every second is not taken from Prometheus again. */
function onlyNew(part: PartUse, isWatched: ReadonlySet<string>): PartUse {
  if (!isWatched.has(part.name)) return part;
  const { cpuShare: _cpu, memoryBytes: _memory, ...rest } = part;
  return rest;
}

async function seriesOf(
  { use, course, endedAt }: K6Outcome,
  startedAt: number,
  { standParts }: RunRequest,
  watched: readonly PartsRow[],
  notes: string[],
): Promise<Series> {
  const parts = [...use.rows(startedAt), ...watched];
  const isWatched = new Set(watched.flatMap((row) => row.parts.map(({ name }) => name)));
  try {
    const asked = (await standParts?.(startedAt, endedAt)) ?? [];
    parts.push(...asked.map((row) => ({ ...row, parts: row.parts.map((part) => onlyNew(part, isWatched)) })));
  } catch (error) {
    // It costs the run these rows and nothing else.
    notes.push(`the stand's Prometheus gave nothing: ${error instanceof Error ? error.message : error}`);
  }
  // Each machine is measured at a moment of its own; one row for each second can be judged and drawn.
  const rows = bySecond(parts);
  return { format: FORMAT_VERSION, interval: 1, rows: course.rows, ...(rows.length > 0 ? { parts: rows } : {}) };
}
