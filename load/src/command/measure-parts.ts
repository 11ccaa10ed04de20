import { CommandError } from "@goldenring/run-kit";
import type { ScenarioName } from "../../k6/scenario-table.ts";
import {
  GROWTH_STAGES,
  HEAVY_BASE_USERS,
  HEAVY_FULL_USERS,
  type PartName,
  RAMP_MOST,
  RAMP_USERS,
  SIDE_BY_SIDE_CITIES,
  SIDE_BY_SIDE_HEAVY,
  SIDE_BY_SIDE_SHARE,
  STEADY_SCENARIOS,
  STEADY_USERS,
} from "../all/parts.ts";
import type { MeasuredCapacity, MeasuredRun, Side } from "../report/results.ts";
import { findMostUsers } from "./capacity.ts";
import { known, type MeasuredStand, type RunWish } from "./stand-session.ts";

export interface Measured {
  readonly runs: readonly MeasuredRun[];
  readonly capacities?: readonly MeasuredCapacity[];
}

/** How each part is measured. */
export const MEASURES: Readonly<Record<PartName, (stand: MeasuredStand) => Promise<Measured>>> = {
  steady,
  ramp,
  chaos,
  capacity,
  heavy,
  growth,
  baseline,
};

async function steady({ lengths, baseData, run }: MeasuredStand): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  for (const scenario of STEADY_SCENARIOS) {
    await baseData();
    runs.push(await run(scenario, { part: "steady", ...held(STEADY_USERS, lengths.warmUp, lengths.hold) }));
  }
  return { runs };
}

/** The objectives are judged over the whole run, but only its end is measured. */
function held(users: number, warmUpSeconds: number, seconds: number): Omit<RunWish, "part"> {
  return { users, seconds: warmUpSeconds + seconds, keepGoing: true, warmUpSeconds };
}

async function ramp({ lengths, baseData, run }: MeasuredStand): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  for (const scenario of STEADY_SCENARIOS) {
    await baseData();
    const rising = { stepUsers: RAMP_USERS, stepSeconds: lengths.rampStep };
    runs.push(await run(scenario, { part: "ramp", ramp: rising, maxUsers: RAMP_MOST }));
  }
  return { runs };
}

async function chaos({ lengths, baseData, run }: MeasuredStand): Promise<Measured> {
  await baseData();
  return { runs: [await run("chaos-background", { part: "chaos", users: 20, seconds: lengths.chaos })] };
}

async function capacity({ lengths, baseData, runs, deps }: MeasuredStand): Promise<Measured> {
  await baseData();
  const { capacity: found, record } = await findMostUsers(
    known("browse-cities"),
    { isOwnTarget: false, ...lengths.search, runs },
    deps,
  );
  deps.signal.throwIfAborted();
  if (record === undefined) throw new CommandError("no step of the search was measured");
  return { runs: [], capacities: [{ side: "ours", capacity: found, record }] };
}

async function heavy({ lengths, baseData, grownData, run }: MeasuredStand): Promise<Measured> {
  const { warmUp, hold, identityRamp } = lengths;
  await baseData();
  const base = await run("heavy-query", { part: "heavy", ...held(HEAVY_BASE_USERS, warmUp, hold) });
  await grownData(1);
  const full = await run("heavy-query", { part: "heavy", ...held(HEAVY_FULL_USERS, warmUp, hold) });
  const rising = { stepUsers: HEAVY_FULL_USERS, stepSeconds: identityRamp };
  const identity = await run("heavy-query", {
    part: "heavy",
    ramp: rising,
    maxUsers: HEAVY_FULL_USERS,
    encoding: "identity",
  });
  return { runs: [base, full, identity] };
}

/**
 * The report's hours in minutes: most of the data are put in place before each stage, and in it moderators go on at their own
 * rhythm. Every stage has the same users.
 */
async function growth({ lengths, baseData, grownData, run }: MeasuredStand): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  await baseData();
  for (const share of GROWTH_STAGES) {
    await grownData(share);
    const wish = held(STEADY_USERS, lengths.growthWarmUp, lengths.growthHold);
    runs.push(await run("service-grows", { part: "growth", ...wish }));
  }
  return { runs };
}

async function baseline(stand: MeasuredStand): Promise<Measured> {
  const { baseData, grownData } = stand;
  await baseData();
  const cities: MeasuredRun[] = [];
  for (const { replicas, users } of SIDE_BY_SIDE_CITIES) {
    const measureBoth = (on: MeasuredStand) => sideBySide(on, "browse-cities", { ours: users, baseline: users });
    cities.push(...(await (replicas === 1 ? stand.withOneReplica(measureBoth) : measureBoth(stand))));
  }
  await grownData(SIDE_BY_SIDE_SHARE);
  const some = await sideBySide(stand, "heavy-query", SIDE_BY_SIDE_HEAVY);
  await grownData(1);
  return { runs: [...cities, ...some, ...(await sideBySide(stand, "heavy-query", SIDE_BY_SIDE_HEAVY))] };
}

async function sideBySide(
  { lengths, run, look, withBaseline }: MeasuredStand,
  scenario: ScenarioName,
  users: Readonly<Record<Side, number>>,
): Promise<MeasuredRun[]> {
  const of = (side: Side): RunWish => ({
    part: "baseline",
    side,
    ...held(users[side], lengths.warmUp, lengths.sideBySideHold),
  });
  const ours = await run(scenario, of("ours"));
  const { facts, visited } = await look(scenario);
  const inspection = { visited, facts: { ...facts, build: { service: "baseline" } } };
  return [ours, await withBaseline(() => run(scenario, { ...of("baseline"), inspection }))];
}
