import { join, relative } from "node:path";
import type { Scenario } from "../../k6/scenario-table.ts";
import type { RunRecord, SeriesRow } from "../record/record.ts";
import type { StoredRun } from "../record/run-folder.ts";
import { inWords, shownMs } from "../record/verdict.ts";
import { REPORT_FILE, writeReport } from "../report/write-report.ts";
import type { Measurements } from "../run/measurements.ts";
import type { LoadOptions } from "../run/options.ts";
import { runLoad } from "../run/run.ts";
import type { LoadDeps } from "./deps.ts";
import { type TargetOptions, targetOfRun } from "./load-target.ts";

export interface RunCommandOptions extends LoadOptions, TargetOptions {
  /** Port of k6's web dashboard, when it is wanted. */
  readonly dashboardPort?: number;
  /** The folder of the runs. */
  readonly runs?: string;
  /** The record as JSON instead of words. */
  readonly json: boolean;
}

/** Runs one scenario; shows what happens every second and the result at the end. */
export async function runScenario(scenario: Scenario, options: RunCommandOptions, deps: LoadDeps): Promise<StoredRun> {
  const { output, signal } = deps;
  const { inside, ...target } = await targetOfRun(options, deps);
  const { dashboardPort } = options;
  if (dashboardPort !== undefined) {
    output.log(
      `k6's web dashboard during the run: http://127.0.0.1:${dashboardPort} (close the page before the end: k6 waits for that)`,
    );
    if (inside !== undefined)
      output.log("k6 goes by the forwarded port: in the stand's network no browser could open it");
  }
  const run = await runLoad({
    scenario,
    ...target,
    // A dashboard listens where k6 runs.
    ...(inside === undefined || dashboardPort !== undefined ? {} : { inside }),
    wishes: options,
    runs: options.runs ?? deps.runs,
    ...(dashboardPort === undefined ? {} : { dashboardPort }),
    signal,
    log: (text) => output.log(text),
    onRow: (row, course) => output.live(liveLine(row, course)),
  });
  await writeReport(run.folder);
  output.result(options.json ? JSON.stringify(run.record, null, 2) : resultText(run.record, run.folder));
  return run;
}

/** The last second, and whether all so far is within the objectives. */
function liveLine({ t, users, requests, failed, latency }: SeriesRow, course: Measurements): string {
  const broken = course.verdictSoFar().filter(({ actual, isHeld }) => actual !== undefined && !isHeld);
  return [
    `${t.toFixed(0).padStart(4)} s`,
    `${users} users`,
    `${requests.toFixed(0)} req/s`,
    latency === undefined ? "no answers" : `p90 ${shownMs(latency.p90)} ms  p95 ${shownMs(latency.p95)} ms`,
    `failed ${failed.toFixed(0)}/s`,
    broken.length === 0 ? "within the SLO" : `SLO BROKEN: ${broken.map(inWords).join("; ")}`,
  ].join("  ");
}

/** What a run has shown, for a person. */
export function resultText(record: RunRecord, folder: string): string {
  const { figures, verdict, endedBy } = record;
  const { latency } = figures;
  const seconds = (Date.parse(record.end) - Date.parse(record.start)) / 1000;
  const lines = [
    `${record.scenario}: ${figures.requests} requests in ${seconds.toFixed(0)} s (${figures.rate.toFixed(0)}/s), ${figures.failed} failed, at most ${figures.maxUsers} users; ${ENDS[endedBy]}`,
    latency === undefined
      ? "no answers"
      : `latency ms: p50 ${shownMs(latency.p50)}  p90 ${shownMs(latency.p90)}  p95 ${shownMs(latency.p95)}  p99 ${shownMs(latency.p99)}  mean ${shownMs(latency.mean)}  max ${shownMs(latency.max)}`,
    ...verdict.map((each) => `  ${each.isHeld ? "held  " : "BROKEN"}  ${inWords(each)}`),
    ...(figures.usersAtBreak === undefined ? [] : [`an objective broke at ${figures.usersAtBreak} users`]),
    ...record.notes,
    `report: ${join(shortPath(folder), REPORT_FILE)}`,
  ];
  return lines.join("\n");
}

const ENDS: Readonly<Record<RunRecord["endedBy"], string>> = {
  "objective missed": "ended when an objective broke",
  ramp: "the ramp went to its end",
  duration: "ran to its end",
  interrupted: "interrupted: this is the result so far",
  "target unreachable": "the target is down",
  "k6 failed": "k6 failed",
};

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}
