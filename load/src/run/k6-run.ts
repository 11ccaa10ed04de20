import { closeSync, openSync, writeSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runProgram } from "@goldenring/stand";
import { moderatorCount, PLAN_VARIABLE, type Plan, plannedSeconds } from "../../k6/plan.ts";
import { RUN_FILES, type SeriesRow } from "../record/record.ts";
import { computerUse } from "../resources/computer-use.ts";
import { Measurements } from "./measurements.ts";
import { SampleReader } from "./samples.ts";

const SCRIPT = fileURLToPath(new URL("../../k6/scenario.ts", import.meta.url));

/** k6's own exit code: an objective (a threshold) was missed. Source: k6, errext/exitcodes. */
export const THRESHOLDS_MISSED = 99;

/** After SIGINT, k6 drops what is under way and writes its summary and its report. */
const STOP_GRACE_MS = 20_000;
/** k6 writes a line for every failed request: of a target that is down, thousands a second. */
const MAX_LOG_BYTES = 1_000_000;

const POLL_MS = 250;
const USE_EVERY_MS = 1_000;
/** What k6 may take beyond the plan: a fixed part, and what it needs to prepare a user. */
const SPARE_SECONDS = 60;
const SPARE_SECONDS_PER_USER = 0.03;
/** Points of the curves in k6's own page. k6 1.8 sorts all durations of the run for each: more would cost long runs dearly. */
const PAGE_POINTS = 20;
const LIVE_PAGE_SECONDS = 5;
/** A k6 whose dashboard is open in a browser waits for the page to be closed; this long after the planned end it is stopped. */
const LINGER_MS = 8_000;

/** A network that a program can be run in, and where the target is found there. */
export interface InsideNetwork {
  readonly target: string;
  /** @returns argv of the same command inside; it must exec it, so that the process stays the same */
  readonly command: (argv: readonly string[]) => readonly string[];
}

export interface K6Run {
  readonly plan: Plan;
  readonly k6: string;
  readonly folder: string;
  readonly dashboardPort?: number | undefined;
  /** Where k6 runs; undefined: here. */
  readonly inside?: InsideNetwork | undefined;
  /** Ends the run with its result so far. */
  readonly signal: AbortSignal;
  readonly onRow: (row: SeriesRow, soFar: Measurements) => void;
  /** Called when nothing but failures comes back. */
  readonly isTargetReachable: () => Promise<boolean>;
}

/** `samples` are of k6 and the computer; `endedAt`: when k6 was gone, Unix time, ms. */
export type K6Outcome = Awaited<ReturnType<typeof runK6>>;

/** Why the runner itself stopped k6: nothing answered any more; or all was over, but the dashboard was open in a browser. */
type Stopped = "dead target" | "open dashboard" | undefined;

/**
 * Runs k6 to its end, or stops it: at the signal, when the target is gone, when it takes far longer than planned, and when this process is gone, by
 * whatever signal.
 */
export async function runK6(run: K6Run) {
  const { plan, folder, signal } = run;
  const moderators = moderatorCount(plan.moderators);
  const users = Math.max(...plan.stages.map((stage) => stage.users)) + moderators;
  const measurements = new Measurements(moderators, plan.judgedAfterSeconds);
  const reader = new SampleReader((sample) => measurements.take(sample));
  const deadlineMs = Math.ceil(1000 * (plannedSeconds(plan) + SPARE_SECONDS + users * SPARE_SECONDS_PER_USER));
  const [stop, over] = [new AbortController(), new AbortController()];
  const log = logFile(join(folder, RUN_FILES.k6Log));
  let pid: number | undefined;
  const ended = runProgram(k6Command(run), {
    deadlineMs: Number.POSITIVE_INFINITY,
    signal: AbortSignal.any([signal, stop.signal, AbortSignal.timeout(deadlineMs)]),
    stopGraceMs: STOP_GRACE_MS,
    environment: environmentOf(run),
    onStart(started) {
      pid = started;
      endWithThisProcess(started, over.signal);
    },
    takes: { stdout: (text) => reader.push(text), stderr: log.write },
  }).finally(() => over.abort());
  const use = computerUse(pid);
  const sampling = setInterval(() => use.sample(), USE_EVERY_MS);
  try {
    const stopped = await follow(run, measurements, stop, ended, over.signal);
    const { code: exitCode } = await ended;
    measurements.settle(Number.POSITIVE_INFINITY);
    return { measurements, samples: use.samples, exitCode, endedAt: Date.now(), stopped };
  } finally {
    clearInterval(sampling);
    stop.abort();
    await ended;
    log.close();
  }
}

/**
 * A killed process cannot stop its k6. So a small shell waits until this process is gone, which the kernel shows it by closing its
 * standard input, and then ends k6.
 */
function endWithThisProcess(pid: number, over: AbortSignal): void {
  const script = 'cat > /dev/null; kill -INT "$1" 2> /dev/null; sleep 5; kill -KILL "$1" 2> /dev/null';
  const options = { deadlineMs: Number.POSITIVE_INFINITY, holdsInput: true, signal: over };
  void runProgram(["sh", "-c", script, "sh", String(pid)], options);
}

/** Keeps the beginning of what k6 writes; the rest is dropped. */
function logFile(path: string) {
  const file = openSync(path, "w");
  let [written, kept] = [0, 0];
  return {
    write(text: string): void {
      written += Buffer.byteLength(text);
      if (written <= MAX_LOG_BYTES) kept += writeSync(file, text);
    },
    close(): void {
      if (written > kept) writeSync(file, `\n... and ${written - kept} bytes more, which are not kept\n`);
      closeSync(file);
    },
  };
}

function k6Command({ k6, inside }: K6Run): readonly string[] {
  const argv = [k6, "run", "--quiet", "--no-color", "--address=", "--out=csv=-", "--out=web-dashboard", SCRIPT];
  return inside === undefined ? argv : inside.command(argv);
}

async function follow(
  run: K6Run,
  measurements: Measurements,
  stop: AbortController,
  ended: Promise<unknown>,
  over: AbortSignal,
): Promise<Stopped> {
  let stopped: Stopped;
  while (!over.aborted) {
    await Promise.race([sleep(POLL_MS), ended]);
    for (const row of measurements.settle(Date.now())) run.onRow(row, measurements);
    if (stopped !== undefined) continue;
    stopped = await reasonToStop(run, measurements);
    if (stopped !== undefined) stop.abort();
  }
  return stopped;
}

async function reasonToStop({ plan, dashboardPort, isTargetReachable }: K6Run, soFar: Measurements): Promise<Stopped> {
  if (plan.stopsAtBreach && soFar.looksDead() && !(await isTargetReachable())) return "dead target";
  const { startedAt = Number.POSITIVE_INFINITY } = soFar;
  const isOver = Date.now() > startedAt + plannedSeconds(plan) * 1000 + LINGER_MS;
  return dashboardPort !== undefined && isOver ? "open dashboard" : undefined;
}

/** Only what k6 needs: an environment may hold secrets, and k6 shows its own to the scenario. */
function environmentOf({ plan, folder, dashboardPort }: K6Run): Record<string, string> {
  const { PATH = "", HOME = "/", TMPDIR } = process.env;
  const pageSeconds = Math.max(1, Math.ceil(plannedSeconds(plan) / PAGE_POINTS));
  const seconds = dashboardPort === undefined ? pageSeconds : Math.min(LIVE_PAGE_SECONDS, pageSeconds);
  return {
    PATH,
    HOME,
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    [PLAN_VARIABLE]: JSON.stringify(plan),
    // k6 keeps an engine for every user. By default it collects the garbage of 1,200 every few seconds, which takes a second of all processors:
    // for that long the whole computer, the target included, answers half a second late, and the run would measure k6. So k6 may first fill
    // half of the free memory, which takes it minutes.
    GOGC: "off",
    GOMEMLIMIT: String(Math.floor(freemem() / 2)),
    K6_NO_USAGE_REPORT: "true",
    K6_AUTO_EXTENSION_RESOLUTION: "false",
    K6_CSV_TIME_FORMAT: "unix_milli",
    K6_WEB_DASHBOARD_HOST: "127.0.0.1",
    // 0: any free one. A port below 0, which k6 documents as none, opens one on all addresses.
    K6_WEB_DASHBOARD_PORT: String(dashboardPort ?? 0),
    K6_WEB_DASHBOARD_PERIOD: `${seconds}s`,
    K6_WEB_DASHBOARD_EXPORT: join(folder, RUN_FILES.k6Report),
  };
}
