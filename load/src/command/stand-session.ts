import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import type { Machine } from "@goldenring/stand";
import { type Scenario, type ScenarioName, scenarioNamed } from "../../k6/scenario-table.ts";
import type { Lengths, PartName } from "../all/parts.ts";
import { shownMs } from "../record/verdict.ts";
import type { MeasuredRun, Side } from "../report/results.ts";
import { writeReport } from "../report/write-report.ts";
import type { LoadOptions } from "../run/options.ts";
import { runLoad } from "../run/run.ts";
import type { DatabasePlace } from "../seed/database.ts";
import { DATA_SIZES } from "../seed/growth.ts";
import { seedDatabase } from "../seed/seed-database.ts";
import { writeSeedRecord } from "../seed/seed-record.ts";
import { unseed } from "../seed/unseed.ts";
import { isBaselineLeft, putAside, putBaseline, putProductBack } from "../service/baseline-swap.ts";
import { type Inspection, inspectTarget } from "../service/inspect.ts";
import { WeatherApi } from "../service/weather-api.ts";
import type { LoadDeps } from "./deps.ts";
import { type TargetOfRun, targetOfRun } from "./load-target.ts";

/** The machines put the product back by themselves after so long, s. */
const BASELINE_MOST_SECONDS = 900;

export interface RunWish extends LoadOptions {
  readonly part: PartName;
  readonly side?: Side;
  readonly warmUpSeconds?: number;
  readonly inspection?: Inspection;
}

/** What the parts have in common: the stand, its data, and runs on it. */
export interface MeasuredStand {
  readonly lengths: Lengths;
  readonly deps: LoadDeps;
  readonly runs: string;
  /** Only the data that the stand has of its own, and 9 cities with 720 values in any case. */
  readonly baseData: () => Promise<void>;
  /** @param share of the way from the report's first data to its last */
  readonly grownData: (share: number) => Promise<void>;
  readonly run: (scenario: ScenarioName, wish: RunWish) => Promise<MeasuredRun>;
  /** What is there now, for a run on a service that may be too weak to be asked for all of it. */
  readonly look: (scenario: ScenarioName) => Promise<Inspection>;
  /** As long as the work lasts the baseline serves in the place of each replica that does. */
  readonly withBaseline: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** As long as the work lasts one replica serves alone. */
  readonly withOneReplica: <Result>(work: (stand: MeasuredStand) => Promise<Result>) => Promise<Result>;
  readonly makeReady: () => Promise<void>;
  readonly putBack: () => Promise<void>;
}

export async function openStand(
  { keepData, runs: folder }: { readonly keepData: boolean; readonly runs?: string | undefined },
  lengths: Lengths,
  deps: LoadDeps,
): Promise<MeasuredStand> {
  const { output } = deps;
  const stand = await deps.stand?.();
  if (stand?.database === undefined || stand.machines === undefined) {
    throw new CommandError("`load all` measures the stand: bring it up first.", "usage");
  }
  const target = await targetOfRun({ isOwnTarget: false }, deps);
  const database = await stand.database();
  const replicas = stand.machines.filter(({ roles }) => roles.includes("api"));
  const runs = folder ?? deps.runs;
  const removeAdded = async (): Promise<void> => {
    const removed = await unseed({ database, target: undefined, runs, isSure: async () => true, log: () => {} });
    if (removed.values + removed.cities > 0)
      output.log(`${removed.cities} cities and ${removed.values} values removed`);
  };
  const measured: MeasuredStand = {
    lengths,
    deps,
    runs,
    baseData: async () => {
      await removeAdded();
      await addData(database, runs, 0, output.log.bind(output));
    },
    grownData: (share) => addData(database, runs, share, output.log.bind(output)),
    run: (scenario, wish) => measure(scenario, wish, { target, runs, deps, replicas: replicas.length }),
    look: (scenario) => inspectTarget(new WeatherApi(target.target), known(scenario), deps.signal),
    withBaseline: (work) => withBaseline(replicas, work, deps),
    withOneReplica: (work) =>
      withOneReplica(
        replicas,
        (one) =>
          work({
            ...measured,
            run: (scenario, wish) => measure(scenario, wish, { target, runs, deps, replicas: 1 }),
            withBaseline: (onOne) => withBaseline([one], onOne, deps),
          }),
        deps,
      ),
    makeReady: async () => {
      if (await isBaselineLeft(replicas)) {
        output.log("an earlier run has left the baseline in the replicas' place: putting the product back");
        await putProductBack(replicas);
      }
    },
    putBack: async () => {
      if (await isBaselineLeft(replicas)) await putProductBack(replicas);
      if (!keepData) await removeAdded();
    },
  };
  return measured;
}

async function addData(
  database: DatabasePlace,
  runs: string,
  share: number,
  log: (text: string) => void,
): Promise<void> {
  const { base, full } = DATA_SIZES;
  const between = (from: number, to: number): number => Math.round(from + (to - from) * share);
  const size = { cities: between(base.cities, full.cities), values: between(base.values, full.values) };
  const made = await seedDatabase(database, share === 0 ? "base" : "full", log, size);
  if (made !== undefined) await writeSeedRecord(runs, made);
}

interface Where {
  readonly target: TargetOfRun;
  readonly runs: string;
  readonly deps: LoadDeps;
  /** That serve. */
  readonly replicas: number;
}

async function measure(
  name: ScenarioName,
  wish: RunWish,
  { target, runs, deps, replicas }: Where,
): Promise<MeasuredRun> {
  const { part, side = "ours", warmUpSeconds, inspection, ...wishes } = wish;
  const { output, signal } = deps;
  signal.throwIfAborted();
  const { folder, record, series } = await runLoad({
    scenario: known(name),
    ...target,
    wishes,
    ...(inspection === undefined ? {} : { inspection }),
    runs,
    signal,
    log: () => {},
    onRow: ({ t, users, requests, latency }) =>
      output.live(
        `${name} (${side}): ${t.toFixed(0)} s, ${users} users, ${requests.toFixed(0)} req/s, p95 ${latency === undefined ? "-" : shownMs(latency.p95)} ms`,
      ),
  });
  await writeReport(folder);
  signal.throwIfAborted();
  if (record.endedBy === "k6 failed") throw new CommandError(`k6 failed: ${record.notes.join("; ")}`);
  const { figures, target: facts } = record;
  output.log(
    `${name} (${side}, ${facts.values} values, ${record.options.encoding}): at most ${figures.maxUsers} users, ${figures.rate.toFixed(0)} req/s, ` +
      `p95 ${figures.latency === undefined ? "-" : shownMs(figures.latency.p95)} ms, ${figures.failed} failed; ended by ${record.endedBy}` +
      `${figures.usersAtBreak === undefined ? "" : ` at ${figures.usersAtBreak} users`}  ${record.id}`,
  );
  for (const note of record.notes) output.log(`  ${note}`);
  return {
    side,
    part,
    replicas,
    run: { folder: join(folder), record, series },
    ...(warmUpSeconds === undefined ? {} : { warmUpSeconds }),
  };
}

/** The product is put back whatever happens. */
async function withBaseline<Result>(
  replicas: readonly Machine[],
  work: () => Promise<Result>,
  { output, signal }: LoadDeps,
): Promise<Result> {
  signal.throwIfAborted();
  output.log("the baseline takes the replicas' place");
  try {
    await putBaseline(replicas, BASELINE_MOST_SECONDS);
    return await work();
  } finally {
    await putProductBack(replicas);
    output.log("the product serves again");
  }
}

/** The others are put back whatever happens. */
async function withOneReplica<Result>(
  [one, ...others]: readonly Machine[],
  work: (one: Machine) => Promise<Result>,
  { output, signal }: LoadDeps,
): Promise<Result> {
  signal.throwIfAborted();
  if (one === undefined) throw new CommandError("The stand has no replica of the API.");
  output.log(`${one.name} serves alone`);
  try {
    await putAside(others, BASELINE_MOST_SECONDS);
    return await work(one);
  } finally {
    await putProductBack(others);
    output.log("all replicas serve again");
  }
}

/** A scenario that there is. */
export function known(name: ScenarioName): Scenario {
  const scenario = scenarioNamed(name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario;
}
