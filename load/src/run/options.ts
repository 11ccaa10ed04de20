import { CommandError } from "@goldenring/run-kit";
import type { Stage } from "../../k6/plan.ts";
import type { Load, RunOptions } from "../record/record.ts";
import type { Scenario } from "../scenarios.ts";

/** The ramp of the 2023 baseline, and where it ends by default: the goal of 3,000 users. */
const RAMP = { stepUsers: 600, stepSeconds: 300 } as const;
const MAX_USERS = 3_000;
/** Of a run with `--users` and without `--duration`. */
const CONSTANT_SECONDS = 60;
/** Runs end: nothing here is meant to go on for days. */
export const MAX_RUN_SECONDS = 24 * 3_600;

/** A constant number of users arrives over this share of the run, and within this time: not all in one moment. */
const ARRIVAL_SHARE = 0.1;
const MAX_ARRIVAL_SECONDS = 10;
/** The first answers meet cold caches and new connections: objectives are judged after this time. */
const JUDGED_AFTER_SECONDS = 10;

export interface LoadOptions {
  readonly ramp?: { readonly stepUsers: number; readonly stepSeconds: number } | undefined;
  readonly maxUsers?: number | undefined;
  readonly users?: number | undefined;
  /** Seconds. */
  readonly duration?: number | undefined;
  readonly encoding?: "gzip" | "identity" | undefined;
  readonly keepGoing?: boolean | undefined;
}

/** @throws {CommandError} (usage) where the options contradict each other */
export function runOptions(scenario: Scenario, options: LoadOptions): RunOptions {
  const { encoding = "gzip", keepGoing = false } = options;
  const load = loadOf(scenario, options);
  const ownSeconds = load.kind === "ramp" ? rampSeconds(load) : (scenario.constant?.seconds ?? CONSTANT_SECONDS);
  const seconds = options.duration ?? ownSeconds;
  if (seconds > MAX_RUN_SECONDS) {
    throw new CommandError(`A run of ${seconds} s is longer than a day: use fewer users or wider steps.`, "usage");
  }
  const stopsAtBreach = scenario.stopsAtBreach && !keepGoing;
  return { load, seconds, encoding, stopsAtBreach, bodyCheckShare: scenario.bodyCheckShare };
}

function loadOf(scenario: Scenario, { ramp, maxUsers, users }: LoadOptions): Load {
  const isRamp = ramp !== undefined || maxUsers !== undefined;
  if (users !== undefined && isRamp) {
    throw new CommandError("--users is a constant number of users: it excludes --ramp and --max-users.", "usage");
  }
  const constant = users ?? (isRamp ? undefined : scenario.constant?.users);
  if (constant !== undefined) return { kind: "constant", users: constant };
  return { kind: "ramp", ...(ramp ?? RAMP), maxUsers: maxUsers ?? MAX_USERS };
}

function rampSeconds({ stepUsers, stepSeconds, maxUsers }: Extract<Load, { kind: "ramp" }>): number {
  return Math.max(1, Math.round((maxUsers / stepUsers) * stepSeconds));
}

/** How the number of users changes from the start to the end. */
export function stagesOf({ load, seconds }: Pick<RunOptions, "load" | "seconds">): Stage[] {
  const [users, rising] =
    load.kind === "constant"
      ? [load.users, Math.min(MAX_ARRIVAL_SECONDS, seconds * ARRIVAL_SHARE)]
      : [load.maxUsers, rampSeconds(load)];
  if (seconds <= rising) return [{ seconds, users: Math.max(1, Math.round((users * seconds) / rising)) }];
  return [
    { seconds: rising, users },
    { seconds: seconds - rising, users },
  ];
}

/** Seconds after which a missed objective ends the run; short runs are judged from their second half on. */
export function judgedAfterSeconds(seconds: number): number {
  return Math.min(JUDGED_AFTER_SECONDS, Math.floor(seconds / 2));
}
