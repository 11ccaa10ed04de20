import { freemem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { moderatorCount, PLAN_VARIABLE, type Plan, plannedSeconds } from "../../k6/plan.ts";
import { RUN_FILES, type SeriesRow } from "../record/record.ts";
import { ComputerUse } from "../resources/computer-use.ts";
import type { UseSample } from "../resources/resources.ts";
import { K6Process } from "./k6-process.ts";
import { Measurements } from "./measurements.ts";
import { SampleReader } from "./samples.ts";

const SCRIPT = fileURLToPath(new URL("../../k6/scenario.ts", import.meta.url));

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
  /** Port of k6's web dashboard on this computer. */
  readonly dashboardPort?: number | undefined;
  /** Where k6 runs; undefined: here. */
  readonly inside?: InsideNetwork | undefined;
  /** Ends the run with its result so far. */
  readonly signal: AbortSignal;
  readonly onRow: (row: SeriesRow, soFar: Measurements) => void;
  /** Called when nothing but failures comes back. */
  readonly isTargetReachable: () => Promise<boolean>;
}

export interface K6Outcome {
  readonly measurements: Measurements;
  /** Of k6 and the computer. */
  readonly samples: readonly UseSample[];
  readonly exitCode: number;
  /** When k6 was gone, Unix time, ms. */
  readonly endedAt: number;
  readonly stopped: Stopped;
}

/** Why the runner itself stopped k6: nothing answered any more; or all was over, but the dashboard was open in a browser. */
type Stopped = "dead target" | "open dashboard" | undefined;

/** Runs k6 to its end, or stops it: at the signal, when the target is gone, when it takes far longer than planned. */
export async function runK6(run: K6Run): Promise<K6Outcome> {
  const { plan, folder, signal } = run;
  const moderators = moderatorCount(plan.moderators);
  const users = Math.max(...plan.stages.map((stage) => stage.users)) + moderators;
  const measurements = new Measurements(moderators, plan.judgedAfterSeconds);
  const reader = new SampleReader((sample) => measurements.take(sample));
  const child = new K6Process({
    argv: k6Command(run),
    environment: environmentOf(run),
    logFile: join(folder, RUN_FILES.k6Log),
    onOutput: (text) => reader.push(text),
    deadlineMs: 1000 * (plannedSeconds(plan) + SPARE_SECONDS + users * SPARE_SECONDS_PER_USER),
  });
  const stop = (): void => child.stop();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const use = new ComputerUse(child.pid);
  const sampling = setInterval(() => use.sample(), USE_EVERY_MS);
  try {
    const stopped = await follow(run, child, measurements);
    const exitCode = await child.ended;
    measurements.settle(Number.POSITIVE_INFINITY);
    return { measurements, samples: use.samples, exitCode, endedAt: Date.now(), stopped };
  } finally {
    clearInterval(sampling);
    signal.removeEventListener("abort", stop);
    child.kill();
    await child.ended;
  }
}

function k6Command({ k6, inside }: K6Run): readonly string[] {
  const argv = [k6, "run", "--quiet", "--no-color", "--address=", "--out=csv=-", "--out=web-dashboard", SCRIPT];
  return inside === undefined ? argv : inside.command(argv);
}

/** Shows every second until k6 has ended. */
async function follow(run: K6Run, child: K6Process, measurements: Measurements): Promise<Stopped> {
  let stopped: Stopped;
  while (!child.hasEnded) {
    await Promise.race([sleep(POLL_MS), child.ended]);
    for (const row of measurements.settle(Date.now())) run.onRow(row, measurements);
    if (stopped !== undefined) continue;
    stopped = await reasonToStop(run, measurements);
    if (stopped !== undefined) child.stop();
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
