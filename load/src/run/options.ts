import { CommandError } from "@goldenring/run-kit";
import type { Scenario } from "../../k6/scenario-table.ts";
import type { Load, RunOptions } from "../record/record.ts";

/** The report's ramp, and where it ends by default: the goal of 3,000 users. */
const RAMP = { stepUsers: 600, stepSeconds: 300 } as const;
const MAX_USERS = 3000;
/** Of a run with `--users` and without `--duration`. */
const CONSTANT_SECONDS = 60;

/** Runs end: nothing here is meant to go on for days. */
const LONGEST_SECONDS = 24 * 3600;
const MOST_USERS = 100_000;

/** What a user may say about a run. */
export interface LoadOptions {
  readonly ramp?: { readonly stepUsers: number; readonly stepSeconds: number };
  readonly maxUsers?: number;
  /** The same number of users all the time. */
  readonly users?: number;
  readonly seconds?: number;
  readonly encoding?: "gzip" | "identity";
  /** Goes on when an objective breaks. */
  readonly keepGoing?: boolean;
}

/** @throws {CommandError} (usage) where the wishes contradict each other */
export function runOptions(scenario: Scenario, wishes: LoadOptions): RunOptions {
  const { encoding = "gzip", keepGoing = false } = wishes;
  const load = loadOf(scenario, wishes);
  const seconds = wishes.seconds ?? defaultSeconds(load, scenario);
  if (seconds > LONGEST_SECONDS)
    throw usage(`a run of ${seconds} s is longer than a day: raise fewer users in wider steps`);
  const stopsAtBreach = scenario.stopsAtBreach && !keepGoing;
  return { load, seconds, encoding, stopsAtBreach, bodyCheckShare: scenario.bodyCheckShare };
}

function loadOf(scenario: Scenario, { ramp, maxUsers, users }: LoadOptions): Load {
  if (users !== undefined && (ramp !== undefined || maxUsers !== undefined)) {
    throw usage("--users is a constant number of users: it goes with neither --ramp nor --max-users");
  }
  const constant = users ?? (ramp === undefined && maxUsers === undefined ? scenario.constant?.users : undefined);
  if (constant !== undefined) return { kind: "constant", users: constant };
  return { kind: "ramp", ...(ramp ?? RAMP), maxUsers: maxUsers ?? MAX_USERS };
}

function defaultSeconds(load: Load, scenario: Scenario): number {
  if (load.kind === "ramp") return rampSeconds(load);
  return scenario.constant?.seconds ?? CONSTANT_SECONDS;
}

/** From no users to the most. */
export function rampSeconds({ stepUsers, stepSeconds, maxUsers }: Extract<Load, { kind: "ramp" }>): number {
  return Math.max(1, Math.round((maxUsers / stepUsers) * stepSeconds));
}

/**
 * `600/5m`, `600/30s`: so many users more in each such time.
 *
 * @throws {CommandError} (usage)
 */
export function parseRamp(text: string): { stepUsers: number; stepSeconds: number } {
  const [users = "", time = "", ...rest] = text.split("/");
  if (rest.length > 0 || time === "") throw usage(`"${text}" is no ramp: users and time are expected, such as 600/30s`);
  return { stepUsers: parseUsers(users), stepSeconds: parseSeconds(time) };
}

/** @throws {CommandError} (usage) */
export function parseUsers(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MOST_USERS) return number;
  throw usage(`"${text}" is no number of users: a whole number from 1 to ${MOST_USERS} is expected`);
}

/**
 * `90`, `90s`, `5m`, `1h30m`.
 *
 * @throws {CommandError} (usage)
 */
export function parseSeconds(text: string): number {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(text) ?? [];
  const total = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  if (total >= 1 && total <= LONGEST_SECONDS) return total;
  throw usage(`"${text}" is no time: from 1 second to 24 hours is expected, such as 30s, 5m or 1h30m`);
}

function usage(message: string): CommandError {
  return new CommandError(message, "usage");
}
