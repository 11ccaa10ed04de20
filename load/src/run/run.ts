import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { EXIT, interruptedExit, makeRunFolder, provenance } from "@goldenring/run-kit";
import { lastLines, type Machine } from "@goldenring/stand";
import type { Plan } from "../../k6/plan.ts";
import {
  type ApiSize,
  type EndedBy,
  RECORD_FORMAT,
  RUN_FILES,
  type RunOptions,
  type RunRecord,
  SERIES_FORMAT,
  type Series,
  type StoredRun,
  sizeOf,
  writeRun,
} from "../record/record.ts";
import { isHeld, thresholds } from "../record/verdict.ts";
import { memoryAccessNs } from "../resources/computer-use.ts";
import { watchMachines } from "../resources/machine-watch.ts";
import { bySecond, onRunClock } from "../resources/resources.ts";
import type { Scenario } from "../scenarios.ts";
import { type Permission, requirePermission } from "../service/permission.ts";
import { type Inspection, inspectTarget, parseTarget, WeatherApi } from "../service/weather-api.ts";
import { findK6 } from "./k6-program.ts";
import { type InsideNetwork, type K6Outcome, type K6Run, runK6, THRESHOLDS_MISSED } from "./k6-run.ts";
import { judgedAfterSeconds, type LoadOptions, runOptions, stagesOf } from "./options.ts";

/** A run may end this much before its plan and still count as complete. */
const ROUNDING_SECONDS = 1.5;
const LOG_LINES = 12;

/** What is used and measured of the stand that is loaded. */
export interface StandParts {
  /** Where this computer can enter its network: k6 then asks the ingress itself, and no forwarded port costs CPU. */
  readonly inside?: InsideNetwork | undefined;
  /** Their use is measured every second during a run; the baseline can replace the replicas among them for a while. */
  readonly machines?: readonly Machine[] | undefined;
  readonly size?: ApiSize | undefined;
}

export interface LoadTarget extends StandParts {
  readonly target: URL;
  readonly permission: Permission;
}

export interface RunRequest extends LoadTarget, Pick<K6Run, "dashboardPort" | "signal" | "onRow"> {
  readonly scenario: Scenario;
  readonly options: LoadOptions;
  /** What is known of the target: it is not inspected again. */
  readonly inspection?: Inspection | undefined;
  readonly runs: string;
  readonly log?: (text: string) => void;
}

/** One run, from the inspection of the target to its folder. @throws {CommandError} where it could not start; what happens later is in the record */
export async function runLoad(request: RunRequest): Promise<StoredRun> {
  const { scenario, target, permission, inside, signal, log = () => {} } = request;
  const options = runOptions(scenario, request.options);
  const k6 = await findK6();
  await requirePermission(target, permission);
  const api = new WeatherApi(target);
  log(`checking ${api.base}`);
  const inspection = request.inspection ?? (await inspectTarget(api, scenario, signal));
  const asked = inside === undefined ? {} : { asked: new WeatherApi(parseTarget(inside.target)).base };
  const facts = { ...inspection.facts, ...asked };
  log(`${facts.cities} cities, ${facts.values} values; ${scenario.about}`);
  signal.throwIfAborted();

  const origin = await provenance();
  const { id, folder } = await makeRunFolder(request.runs, scenario.name, new Date());
  const before = { loadAverage: loadavg()[0] ?? 0, memoryAccessNs: memoryAccessNs() };
  const preparedAt = Date.now();
  const watch = watchMachines(request.machines ?? [], sizeOf(request).cpu);
  const plan: Plan = {
    ...options,
    target: facts.asked ?? facts.url,
    visit: scenario.visit,
    visited: inspection.visited,
    stages: stagesOf(options),
    moderators: scenario.moderators,
    thresholds: thresholds(),
    judgedAfterSeconds: judgedAfterSeconds(options.seconds),
    summaryFile: join(folder, RUN_FILES.k6Summary),
  };
  const isTargetReachable = (): Promise<boolean> => api.isReachable();
  const outcome = await runK6({ ...request, plan, k6: k6.path, folder, isTargetReachable }).finally(() => watch.stop());
  const { measurements } = outcome;
  const startedAt = measurements.startedAt ?? preparedAt;
  const endedBy = await howItEnded(outcome, options, startedAt, signal, api);
  // k6 may end a run in the very second from which on objectives are judged.
  if (endedBy === "objective missed") measurements.usersAtBreak ??= measurements.rows.at(-1)?.users;
  const verdict = measurements.verdict();
  const notes = await notesOn(outcome, endedBy, folder);
  const parts = bySecond(onRunClock([...outcome.samples, ...watch.samples], startedAt));
  const series: Series = {
    format: SERIES_FORMAT,
    interval: 1,
    rows: measurements.rows,
    parts: parts.length > 0 ? parts : undefined,
  };
  const record: RunRecord = {
    format: RECORD_FORMAT,
    id,
    scenario: scenario.name,
    options,
    ...origin,
    k6: k6.version,
    before,
    target: facts,
    size: request.size,
    start: new Date(startedAt).toISOString(),
    end: new Date(Math.max(startedAt, measurements.latestAt)).toISOString(),
    endedBy,
    verdict,
    figures: measurements.figures(),
    restarted: [...watch.restarted],
    exit: exitOf(endedBy, isHeld(verdict), signal),
    notes,
  };
  const run = { folder, record, series };
  writeRun(run);
  return run;
}

async function howItEnded(
  { measurements, exitCode, endedAt, stopped }: K6Outcome,
  { load, seconds, stopsAtBreach }: RunOptions,
  startedAt: number,
  signal: AbortSignal,
  api: WeatherApi,
): Promise<EndedBy> {
  if (signal.aborted) return "interrupted";
  if (stopped === "dead target") return "target unreachable";
  if (stopped === undefined && exitCode !== 0 && exitCode !== THRESHOLDS_MISSED) return "k6 failed";
  if (measurements.endedDead() && !(await api.isReachable())) return "target unreachable";
  const isCut = (endedAt - startedAt) / 1000 < seconds - ROUNDING_SECONDS;
  // With few users the first comes late: a run may look cut that was not.
  if (stopsAtBreach && isCut && exitCode === THRESHOLDS_MISSED) return "objective missed";
  return load.kind === "ramp" ? "ramp" : "duration";
}

function exitOf(endedBy: EndedBy, held: boolean, signal: AbortSignal): number {
  if (endedBy === "interrupted") return interruptedExit(signal);
  if (endedBy === "target unreachable") return EXIT.targetUnreachable;
  if (endedBy === "k6 failed") return EXIT.failed;
  return held ? EXIT.ok : EXIT.objectiveMissed;
}

async function notesOn(outcome: K6Outcome, endedBy: EndedBy, folder: string): Promise<string[]> {
  const { measurements, exitCode, stopped } = outcome;
  const notes: string[] = [];
  const wrong = measurements.figures().checksFailed;
  if (wrong > 0) notes.push(`${wrong} of the checked bodies were missing or wrong`);
  if (stopped === "open dashboard") notes.push("k6's dashboard stayed open in a browser: there is no k6-summary.json");
  if (endedBy === "target unreachable") notes.push("the target stopped answering");
  if (endedBy === "k6 failed") {
    const log = await readFile(join(folder, RUN_FILES.k6Log), "utf8").catch(() => "");
    notes.push(`k6 ended with exit code ${exitCode}:\n${lastLines(log, LOG_LINES)}`);
  }
  return notes;
}
