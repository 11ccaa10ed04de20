import { freemem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PLAN_VARIABLE, type Plan, plannedSeconds } from "../../k6/plan.ts";
import { RUN_FILES, type SeriesRow } from "../record/record.ts";
import { ComputerUse } from "../resources/computer-use.ts";
import { K6Process } from "./k6-process.ts";
import { Measurements } from "./measurements.ts";
import { SampleReader } from "./samples.ts";

const SCENARIOS_FOLDER = fileURLToPath(new URL("../../scenarios/", import.meta.url));
const LOOK_MS = 250;
const USE_MS = 1_000;
/** What k6 may take beside the plan: a fixed part, and what it needs to prepare a user. */
const SPARE_SECONDS = 60;
const SPARE_SECONDS_A_USER = 0.03;
/** Points of the curves in k6's own page. k6 1.8 sorts all durations of the run for each: more would cost long runs dearly. */
const PAGE_POINTS = 20;
const LIVE_PAGE_SECONDS = 5;
/** A k6 whose dashboard is open in a browser waits for the page to be closed; so long after the planned end it is not waited for. */
const LINGER_MS = 8_000;

/** A network that a program can be run in, and where the target is found there. */
export interface InsideNetwork {
  /** URL. */
  readonly target: string;
  /** @returns argv of the same command inside; it must exec it, so that the process stays the same */
  readonly command: (argv: readonly string[]) => readonly string[];
}

export interface K6Run {
  readonly scenario: string;
  readonly plan: Plan;
  readonly k6: string;
  readonly folder: string;
  /** Port of k6's web dashboard on this computer. */
  readonly dashboardPort: number | undefined;
  /** Where k6 runs; undefined: here. */
  readonly inside: InsideNetwork | undefined;
  readonly signal: AbortSignal;
  readonly onRow: (row: SeriesRow, course: Measurements) => void;
  /** Asked when nothing but failures comes back. */
  readonly isTargetThere: () => Promise<boolean>;
}

export interface K6Outcome {
  readonly course: Measurements;
  readonly use: ComputerUse;
  readonly exitCode: number;
  /** When k6 was gone, Unix time, ms. */
  readonly endedAt: number;
  readonly stopped: Stopped;
}

/** Why the runner itself stopped k6: nobody answered any more; or all was over, but the dashboard was open in a browser. */
export type Stopped = "dead target" | "open dashboard" | undefined;

/** Runs k6 to its end, or stops it: at the signal, when the target is gone, when it takes far longer than planned. */
export async function runK6(run: K6Run): Promise<K6Outcome> {
  const { plan, folder, signal } = run;
  const course = new Measurements(plan.valueModerators + plan.cityModerators, plan.judgedAfter);
  const reader = new SampleReader((sample) => course.take(sample));
  const child = new K6Process({
    argv: k6Command(run),
    environment: environmentOf(run),
    logFile: join(folder, RUN_FILES.k6Log),
    onOutput: (text) => reader.push(text),
    deadlineMs: 1000 * (plannedSeconds(plan) + SPARE_SECONDS + usersOf(plan) * SPARE_SECONDS_A_USER),
  });
  const stop = (): void => child.stop();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const use = new ComputerUse(child.pid);
  const sampling = setInterval(() => use.sample(), USE_MS);
  try {
    const stopped = await follow(run, child, course);
    const exitCode = await child.ended;
    course.settle(Number.POSITIVE_INFINITY);
    return { course, use, exitCode, endedAt: Date.now(), stopped };
  } finally {
    clearInterval(sampling);
    signal.removeEventListener("abort", stop);
    child.kill();
    await child.ended;
  }
}

function k6Command({ k6, scenario, inside }: K6Run): readonly string[] {
  const options = ["--quiet", "--no-color", "--address=", "--out=csv=-", "--out=web-dashboard"];
  const argv = [k6, "run", ...options, join(SCENARIOS_FOLDER, `${scenario}.ts`)];
  return inside === undefined ? argv : inside.command(argv);
}

function usersOf({ stages, valueModerators, cityModerators }: Plan): number {
  return Math.max(...stages.map(({ users }) => users)) + valueModerators + cityModerators;
}

/** Shows every second until k6 has ended. */
async function follow(run: K6Run, child: K6Process, course: Measurements): Promise<Stopped> {
  let stopped: Stopped;
  while (!child.hasEnded) {
    await Promise.race([sleep(LOOK_MS), child.ended]);
    for (const row of course.settle(Date.now())) run.onRow(row, course);
    if (stopped !== undefined) continue;
    stopped = await reasonToStop(run, course);
    if (stopped !== undefined) child.stop();
  }
  return stopped;
}

async function reasonToStop({ plan, dashboardPort, isTargetThere }: K6Run, course: Measurements): Promise<Stopped> {
  if (plan.stopsAtBreach && course.looksDead() && !(await isTargetThere())) return "dead target";
  const { startedAt = Number.POSITIVE_INFINITY } = course;
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
    // k6 keeps an engine for every user, and to collect the garbage of 1,200 takes a second of all processors, every few seconds by
    // default: for that long the whole computer, target included where it is the same one, answers half a second late, and the run
    // would measure k6. So it may first fill half of the memory that is free, which takes it minutes.
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
