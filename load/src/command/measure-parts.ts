import { CommandError } from "@goldenring/run-kit";
import {
  BASELINE_CITIES,
  BASELINE_HEAVY_SHARE,
  BASELINE_HEAVY_USERS,
  type PartName,
  type Step,
  steadily,
  stepsOf,
} from "../all/parts.ts";
import type { MeasuredLoad, MeasuredRun, Side } from "../report/results.ts";
import { scenarioNamed } from "../scenarios.ts";
import { measureCapacity } from "./capacity.ts";
import type { StandSession } from "./stand-session.ts";

type Measured = Omit<MeasuredLoad, "command">;

export function measurePart(part: PartName, stand: StandSession): Promise<Measured> {
  if (part === "capacity") return capacity(stand);
  return part === "baseline" ? baseline(stand) : each(part, stepsOf(stand.lengths)[part], stand);
}

async function each(part: PartName, steps: readonly Step[], stand: StandSession): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  for (const step of steps) {
    await stand.setData(step.data);
    runs.push(await stand.run({ part, ...step }));
  }
  return { runs };
}

async function capacity(stand: StandSession): Promise<Measured> {
  const { lengths, deps } = stand;
  await stand.setData(0);
  const found = await measureCapacity(scenarioNamed("browse-cities"), lengths.search, deps);
  deps.signal.throwIfAborted();
  if (found.record === undefined) throw new CommandError("No step of the search was measured.");
  return { runs: [], capacities: [{ side: "ours", capacity: found.capacity, record: found.record }] };
}

async function baseline(stand: StandSession): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  await stand.setData(0);
  for (const { replicas, users } of BASELINE_CITIES) {
    const measureBoth = (on: StandSession) => bothSides(on, "browse-cities", { ours: users, baseline: users });
    runs.push(...(await (replicas === 1 ? stand.withOneReplica(measureBoth) : measureBoth(stand))));
  }
  for (const share of [BASELINE_HEAVY_SHARE, 1]) {
    await stand.setData(share);
    runs.push(...(await bothSides(stand, "heavy-query", BASELINE_HEAVY_USERS)));
  }
  return { runs };
}

async function bothSides(
  stand: StandSession,
  scenario: Step["scenario"],
  users: Readonly<Record<Side, number>>,
): Promise<MeasuredRun[]> {
  const of = (side: Side) => ({
    part: "baseline" as const,
    scenario,
    side,
    ...steadily(users[side], stand.lengths.baseline),
  });
  const ours = await stand.run(of("ours"));
  const { facts, visited } = await stand.inspect(scenario);
  const inspection = { visited, facts: { ...facts, build: { service: "baseline" } } };
  return [ours, await stand.withBaseline(() => stand.run({ ...of("baseline"), inspection }))];
}
