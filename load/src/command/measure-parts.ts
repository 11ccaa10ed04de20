import { CommandError } from "@goldenring/run-kit";
import {
  BASELINE_CITIES,
  BASELINE_HEAVY_SHARE,
  BASELINE_HEAVY_USERS,
  CHAOS_USERS,
  GROWTH_STAGES,
  HEAVY_BASE_USERS,
  HEAVY_FULL_USERS,
  type PartName,
  RAMP_MAX_USERS,
  RAMP_USERS,
  STEADY_SCENARIOS,
  STEADY_USERS,
} from "../all/parts.ts";
import type { MeasuredCapacity, MeasuredRun, Side } from "../report/results.ts";
import { type ScenarioName, scenarioNamed } from "../scenarios.ts";
import { measureCapacity } from "./capacity.ts";
import type { PartRun, StandSession } from "./stand-session.ts";

export interface Measured {
  readonly runs: readonly MeasuredRun[];
  readonly capacities?: readonly MeasuredCapacity[];
}

/** How each part of `load all` is measured. */
export const MEASURES: Readonly<Record<PartName, (stand: StandSession) => Promise<Measured>>> = {
  steady: (stand) => eachOnBaseData(stand, { part: "steady", ...steadily(STEADY_USERS, stand) }),
  ramp: (stand) => {
    const ramp = { stepUsers: RAMP_USERS, stepSeconds: stand.lengths.rampStepSeconds };
    return eachOnBaseData(stand, { part: "ramp", ramp, maxUsers: RAMP_MAX_USERS });
  },
  chaos: async (stand) => {
    await stand.baseData();
    const load = { users: CHAOS_USERS, duration: stand.lengths.chaosSeconds };
    return { runs: [await stand.run("chaos-background", { part: "chaos", ...load })] };
  },
  capacity,
  heavy,
  growth,
  baseline,
};

async function eachOnBaseData(stand: StandSession, partRun: PartRun): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  for (const scenario of STEADY_SCENARIOS) {
    await stand.baseData();
    runs.push(await stand.run(scenario, partRun));
  }
  return { runs };
}

/** The objectives are judged over the whole run, but the figures are those after the warm-up. */
function steadily(
  users: number,
  { lengths }: StandSession,
  { warmUpSeconds, holdSeconds }: { readonly warmUpSeconds: number; readonly holdSeconds: number } = lengths,
): Omit<PartRun, "part"> {
  return { users, duration: warmUpSeconds + holdSeconds, keepGoing: true, warmUpSeconds };
}

async function capacity(stand: StandSession): Promise<Measured> {
  const { lengths, runs, deps } = stand;
  await stand.baseData();
  const found = await measureCapacity(scenarioNamed("browse-cities"), { ...lengths.search, runs }, deps);
  deps.signal.throwIfAborted();
  if (found.record === undefined) throw new CommandError("No step of the search was measured.");
  return { runs: [], capacities: [{ side: "ours", capacity: found.capacity, record: found.record }] };
}

async function heavy(stand: StandSession): Promise<Measured> {
  const ramp = { stepUsers: HEAVY_FULL_USERS, stepSeconds: stand.lengths.identityRampSeconds };
  await stand.baseData();
  const base = await stand.run("heavy-query", { part: "heavy", ...steadily(HEAVY_BASE_USERS, stand) });
  await stand.grownData(1);
  const full = await stand.run("heavy-query", { part: "heavy", ...steadily(HEAVY_FULL_USERS, stand) });
  const identity = { ramp, maxUsers: HEAVY_FULL_USERS, encoding: "identity" } as const;
  return { runs: [base, full, await stand.run("heavy-query", { part: "heavy", ...identity })] };
}

/** The hours of 2023 in minutes: most of the data are added before each stage, and during it moderators go on at their usual pace. */
async function growth(stand: StandSession): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  await stand.baseData();
  for (const share of GROWTH_STAGES) {
    await stand.grownData(share);
    const load = steadily(STEADY_USERS, stand, stand.lengths.growth);
    runs.push(await stand.run("service-grows", { part: "growth", ...load }));
  }
  return { runs };
}

async function baseline(stand: StandSession): Promise<Measured> {
  await stand.baseData();
  const runs: MeasuredRun[] = [];
  for (const { replicas, users } of BASELINE_CITIES) {
    const measureBoth = (on: StandSession) => bothSides(on, "browse-cities", { ours: users, baseline: users });
    runs.push(...(await (replicas === 1 ? stand.withOneReplica(measureBoth) : measureBoth(stand))));
  }
  for (const share of [BASELINE_HEAVY_SHARE, 1]) {
    await stand.grownData(share);
    runs.push(...(await bothSides(stand, "heavy-query", BASELINE_HEAVY_USERS)));
  }
  return { runs };
}

async function bothSides(
  stand: StandSession,
  scenario: ScenarioName,
  users: Readonly<Record<Side, number>>,
): Promise<MeasuredRun[]> {
  const of = (side: Side): PartRun => ({
    part: "baseline",
    side,
    ...steadily(users[side], stand, stand.lengths.baseline),
  });
  const ours = await stand.run(scenario, of("ours"));
  const { facts, visited } = await stand.inspect(scenario);
  const inspection = { visited, facts: { ...facts, build: { service: "baseline" } } };
  return [ours, await stand.withBaseline(() => stand.run(scenario, { ...of("baseline"), inspection }))];
}
