import { join, relative } from "node:path";
import { secondsBetween } from "@goldenring/run-kit";
import { ENDS, RUN_FILES, type RunRecord, type SeriesRow } from "../record/record.ts";
import { inWords, missedSoFar, shownMs } from "../record/verdict.ts";
import { writeReport } from "../report/run-page.ts";
import type { Measurements } from "../run/measurements.ts";
import { runLoad } from "../run/run.ts";
import type { Scenario } from "../scenarios.ts";
import { type LoadDeps, loadTargetOf } from "./deps.ts";
import { ENCODING, type OptionValues, Port, Ramp, RUNS, Seconds, TARGET, Users } from "./option-table.ts";

export const SCENARIO_OPTIONS = {
  ...TARGET,
  ramp: ["--ramp <users/time>", "add this many users per time (default: 600/5m)", Ramp],
  maxUsers: ["--max-users <number>", "where the ramp ends (default: 3000)", Users],
  users: ["--users <number>", "a constant number of users instead of a ramp", Users],
  duration: [
    "--duration <time>",
    "length of the run, such as 90s or 5m (default: the whole ramp; 1m with --users)",
    Seconds,
  ],
  ...ENCODING,
  keepGoing: ["--keep-going", "do not end the run when an objective is missed"],
  dashboard: ["--dashboard [port]", "show k6's web dashboard on this computer during the run", Port, "5665"],
  ...RUNS,
  json: ["--json", "print the record as JSON"],
} as const;

/** Runs one scenario; shows every second, and the result at the end. @returns the exit code */
export async function runScenario(scenario: Scenario, options: OptionValues<typeof SCENARIO_OPTIONS>, deps: LoadDeps) {
  const { output, signal, runs } = deps;
  const { dashboard: dashboardPort } = options;
  const { inside, ...target } = await loadTargetOf(options, deps);
  if (dashboardPort !== undefined) {
    output.log(
      `k6's dashboard: http://127.0.0.1:${dashboardPort} (close the page before the run ends: k6 waits for it)`,
    );
    if (inside !== undefined)
      output.log("k6 uses the forwarded port: no browser could reach it in the stand's network");
  }
  const { folder, record } = await runLoad({
    ...target,
    scenario,
    options,
    // A dashboard listens where k6 runs.
    inside: dashboardPort === undefined ? inside : undefined,
    dashboardPort,
    runs,
    signal,
    log: output.log,
    onRow: (row, soFar) => output.live(liveLine(row, soFar)),
  });
  await writeReport(folder);
  output.result(options.json ? JSON.stringify(record, null, 2) : resultText(record, folder));
  return record.exit;
}

/** The last second, and whether all so far is within the objectives. */
export function liveLine({ t, users, requests, failed, latency }: SeriesRow, soFar: Measurements): string {
  const missed = missedSoFar(soFar.verdictSoFar());
  return [
    `${t.toFixed(0).padStart(4)} s`,
    `${users} users`,
    `${requests.toFixed(0)} req/s`,
    latency === undefined ? "no answers" : `p90 ${shownMs(latency.p90)} ms  p95 ${shownMs(latency.p95)} ms`,
    `failed ${failed.toFixed(0)}/s`,
    missed.length === 0 ? "objectives held" : `MISSED: ${missed.map(inWords).join("; ")}`,
  ].join("  ");
}

function resultText(record: RunRecord, folder: string): string {
  const { figures, verdict, endedBy, scenario } = record;
  const { latency, requests, rate, failed, maxUsers, usersAtBreak } = figures;
  const seconds = secondsBetween(record.start, record.end).toFixed(0);
  const { p50, p90, p95, p99, mean, max } = latency ?? {};
  const latencies = Object.entries({ p50, p90, p95, p99, mean, max }).map(([name, ms = 0]) => `${name} ${shownMs(ms)}`);
  return [
    `${scenario}: ${requests} requests in ${seconds} s (${rate.toFixed(0)}/s), ${failed} failed, up to ${maxUsers} users; ${ENDS[endedBy][0]}`,
    latency === undefined ? "no answers" : `latency in ms: ${latencies.join("  ")}`,
    ...verdict.map((each) => `  ${each.isHeld ? "held  " : "MISSED"}  ${inWords(each)}`),
    ...(usersAtBreak === undefined ? [] : [`first missed objective at ${usersAtBreak} users`]),
    ...(record.restarted.length === 0 ? [] : [`restarted during the run: ${record.restarted.join(", ")}`]),
    ...record.notes,
    `report: ${join(shortPath(folder), RUN_FILES.report)}`,
  ].join("\n");
}

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}
