import { join } from "node:path";
import type { Machine } from "@goldenring/inventory";
import { type Scenario, type ScenarioName, scenarioNamed } from "../../k6/scenario-table.ts";
import {
  estimate,
  FULL,
  GROWTH_STAGES,
  HEAVY_BASE_USERS,
  HEAVY_FULL_USERS,
  type Lengths,
  PARTS,
  type PartName,
  RAMP_MOST,
  RAMP_USERS,
  SHORT,
  SIDE_BY_SIDE_HEAVY,
  SIDE_BY_SIDE_SHARE,
  SIDE_BY_SIDE_USERS,
  STEADY_SCENARIOS,
  STEADY_USERS,
} from "../all/parts-of-all.ts";
import { type Bar, barsOf } from "../report/bars.ts";
import {
  entriesOf,
  type MeasuredCapacity,
  type MeasuredRun,
  mergeEntries,
  type ResultEntry,
  type Side,
} from "../report/results.ts";
import { writeReport } from "../report/write-report.ts";
import { writeLoadResults } from "../report/write-results.ts";
import { LOAD_EXIT, LoadError } from "../run/exit.ts";
import type { RunWishes } from "../run/options.ts";
import { runLoad } from "../run/run.ts";
import { shownMs } from "../run/verdict.ts";
import type { DatabasePlace } from "../seed/database.ts";
import { DATA_SIZES } from "../seed/growth.ts";
import { seedDatabase } from "../seed/seed-database.ts";
import { writeSeedRecord } from "../seed/seed-record.ts";
import { unseed } from "../seed/unseed.ts";
import { isBaselineLeft, putBaseline, putProductBack } from "../side-by-side/baseline-in-place.ts";
import { type Inspection, inspectTarget } from "../target/inspect.ts";
import { WeatherApi } from "../target/weather-api.ts";
import { findMostUsers } from "./capacity.ts";
import type { LoadDeps } from "./deps.ts";
import { type TargetOfRun, targetOfRun } from "./target.ts";

export interface AllOptions {
  readonly only?: readonly PartName[];
  readonly full: boolean;
  readonly write: boolean;
  readonly keepData: boolean;
  readonly runs?: string;
}

/** The machines put the product back by themselves after so long, s. */
const BASELINE_MOST_SECONDS = 900;

/**
 * Measures every bar on the stand that is up: part by part, each of which is written when it is done, so that what was interrupted
 * goes on with `--only`. However it ends, the product serves again and the data are those of before.
 *
 * @returns the exit code: sloBroken where a bar that was measured does not hold
 */
export async function measureAll(options: AllOptions, deps: LoadDeps): Promise<number> {
  const { output, signal } = deps;
  const parts = options.only ?? PARTS;
  const lengths = options.full ? FULL : SHORT;
  const all = await openAll(options, lengths, deps);
  const minutes = (seconds: number): string => `${(seconds / 60).toFixed(0)} min`;
  const total = parts.reduce((sum, part) => sum + estimate(part, lengths), 0);
  output.say(
    `about ${minutes(total)} at most: ${parts.map((part) => `${part} ${minutes(estimate(part, lengths))}`).join(", ")}`,
  );
  let entries: ResultEntry[] = [];
  const failures: string[] = [];
  try {
    await all.makeReady();
    for (const part of parts) {
      if (signal.aborted) break;
      const begun = performance.now();
      output.say(`\n== ${part}`);
      const measured = await MEASURES[part](all).catch((error: unknown) => {
        if (signal.aborted) return undefined;
        if (!(error instanceof LoadError)) throw error;
        failures.push(`${part}: ${error.message}`);
        output.say(`${part} was not measured: ${error.message}`);
        return undefined;
      });
      if (measured === undefined || signal.aborted) continue;
      const fresh = { runs: measured.runs, capacities: measured.capacities ?? [], command: commandOf(options) };
      const known = options.write
        ? await writeLoadResults(fresh)
        : entriesOf(fresh.runs, fresh.capacities, fresh.command);
      entries = mergeEntries(entries, known);
      output.say(`${part} took ${((performance.now() - begun) / 60_000).toFixed(1)} min`);
    }
  } finally {
    await all.putBack();
  }
  return verdictOf(
    barsOf(entries).filter(({ part }) => parts.includes(part)),
    failures,
    deps,
  );
}

function verdictOf(
  bars: readonly Bar[],
  failures: readonly string[],
  { output, signal, interruptedExit }: LoadDeps,
): number {
  for (const { scenario, bar, measured, held, isGoal } of bars) {
    const word = held === undefined ? "-" : held ? "held" : isGoal ? "not reached" : "BROKEN";
    output.result(`${word.padEnd(11)}  ${scenario}: ${bar}: ${measured}`);
  }
  if (signal.aborted) {
    output.say("interrupted: what was finished is kept; --only measures the rest");
    return interruptedExit();
  }
  if (failures.length > 0) {
    for (const failure of failures) output.say(failure);
    return LOAD_EXIT.failed;
  }
  return bars.every(({ held, isGoal }) => held !== false || isGoal) ? LOAD_EXIT.held : LOAD_EXIT.sloBroken;
}

function commandOf({ only, full, write }: AllOptions): string {
  const words = [...(only === undefined ? [] : ["--only", only.join(",")]), full && "--full", write && "--write"];
  return ["./ring load all", ...words.filter((word) => word !== false)].join(" ");
}

interface Measured {
  readonly runs: readonly MeasuredRun[];
  readonly capacities?: readonly MeasuredCapacity[];
}

interface RunWish extends RunWishes {
  readonly part: PartName;
  readonly side?: Side;
  readonly warmUpSeconds?: number;
  readonly inspection?: Inspection;
}

/** What the parts have in common. */
interface All {
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
  readonly withBaseline: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly makeReady: () => Promise<void>;
  readonly putBack: () => Promise<void>;
}

async function openAll({ keepData, runs: folder }: AllOptions, lengths: Lengths, deps: LoadDeps): Promise<All> {
  const { output } = deps;
  const stand = await deps.stand?.();
  if (stand?.database === undefined || stand.machines === undefined) {
    throw new LoadError("`load all` measures the stand: bring it up first.", LOAD_EXIT.usage);
  }
  const target = await targetOfRun({ isOwnTarget: false }, deps);
  const database = await stand.database();
  const replicas = stand.machines.filter(({ roles }) => roles.includes("api"));
  const runs = folder ?? deps.runs;
  const removeAdded = async (): Promise<void> => {
    const removed = await unseed({ database, target: undefined, runs, isSure: async () => true, say: () => {} });
    if (removed.values + removed.cities > 0)
      output.say(`${removed.cities} cities and ${removed.values} values removed`);
  };
  return {
    lengths,
    deps,
    runs,
    baseData: async () => {
      await removeAdded();
      await addData(database, runs, 0, output.say.bind(output));
    },
    grownData: (share) => addData(database, runs, share, output.say.bind(output)),
    run: (scenario, wish) => measure(scenario, wish, { target, runs, deps }),
    look: (scenario) => inspectTarget(new WeatherApi(target.target), known(scenario), deps.signal),
    withBaseline: (work) => withBaseline(replicas, work, deps),
    makeReady: async () => {
      if (await isBaselineLeft(replicas)) {
        output.say("an earlier run has left the baseline in the replicas' place: putting the product back");
        await putProductBack(replicas);
      }
    },
    putBack: async () => {
      if (await isBaselineLeft(replicas)) await putProductBack(replicas);
      if (!keepData) await removeAdded();
    },
  };
}

async function addData(
  database: DatabasePlace,
  runs: string,
  share: number,
  say: (text: string) => void,
): Promise<void> {
  const { base, full } = DATA_SIZES;
  const between = (from: number, to: number): number => Math.round(from + (to - from) * share);
  const size = { cities: between(base.cities, full.cities), values: between(base.values, full.values) };
  const made = await seedDatabase(database, share === 0 ? "base" : "full", say, size);
  if (made !== undefined) await writeSeedRecord(runs, made);
}

interface Where {
  readonly target: TargetOfRun;
  readonly runs: string;
  readonly deps: LoadDeps;
}

async function measure(name: ScenarioName, wish: RunWish, { target, runs, deps }: Where): Promise<MeasuredRun> {
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
    interruptedExit: deps.interruptedExit,
    say: () => {},
    onRow: ({ t, users, requests, latency }) =>
      output.live(
        `${name} (${side}): ${t.toFixed(0)} s, ${users} users, ${requests.toFixed(0)} req/s, p95 ${latency === undefined ? "-" : shownMs(latency.p95)} ms`,
      ),
  });
  await writeReport(folder);
  signal.throwIfAborted();
  if (record.endedBy === "k6 failed") throw new LoadError(`k6 failed: ${record.notes.join("; ")}`);
  const { figures, target: facts } = record;
  output.say(
    `${name} (${side}, ${facts.values} values, ${record.options.encoding}): at most ${figures.maxUsers} users, ${figures.rate.toFixed(0)} req/s, ` +
      `p95 ${figures.latency === undefined ? "-" : shownMs(figures.latency.p95)} ms, ${figures.failed} failed; ended by ${record.endedBy}` +
      `${figures.usersAtBreak === undefined ? "" : ` at ${figures.usersAtBreak} users`}  ${record.id}`,
  );
  for (const note of record.notes) output.say(`  ${note}`);
  return {
    side,
    part,
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
  output.say("the baseline takes the replicas' place");
  try {
    await putBaseline(replicas, BASELINE_MOST_SECONDS);
    return await work();
  } finally {
    await putProductBack(replicas);
    output.say("the product serves again");
  }
}

const MEASURES: Readonly<Record<PartName, (all: All) => Promise<Measured>>> = {
  steady,
  ramp,
  chaos,
  capacity,
  heavy,
  growth,
  baseline,
};

async function steady({ lengths, baseData, run }: All): Promise<Measured> {
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

async function ramp({ lengths, baseData, run }: All): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  for (const scenario of STEADY_SCENARIOS) {
    await baseData();
    const rising = { stepUsers: RAMP_USERS, stepSeconds: lengths.rampStep };
    runs.push(await run(scenario, { part: "ramp", ramp: rising, maxUsers: RAMP_MOST }));
  }
  return { runs };
}

async function chaos({ lengths, baseData, run }: All): Promise<Measured> {
  await baseData();
  return { runs: [await run("chaos-background", { part: "chaos", users: 20, seconds: lengths.chaos })] };
}

async function capacity({ lengths, baseData, runs, deps }: All): Promise<Measured> {
  await baseData();
  const { capacity: found, record } = await findMostUsers(
    known("browse-cities"),
    { isOwnTarget: false, ...lengths.search, runs },
    deps,
  );
  deps.signal.throwIfAborted();
  if (record === undefined) throw new LoadError("no step of the search was measured");
  return { runs: [], capacities: [{ side: "ours", capacity: found, record }] };
}

async function heavy({ lengths, baseData, grownData, run }: All): Promise<Measured> {
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
async function growth({ lengths, baseData, grownData, run }: All): Promise<Measured> {
  const runs: MeasuredRun[] = [];
  await baseData();
  for (const share of GROWTH_STAGES) {
    await grownData(share);
    const wish = held(STEADY_USERS, lengths.growthWarmUp, lengths.growthHold);
    runs.push(await run("service-grows", { part: "growth", ...wish }));
  }
  return { runs };
}

async function baseline(all: All): Promise<Measured> {
  const { baseData, grownData } = all;
  await baseData();
  const cities: MeasuredRun[] = [];
  for (const users of SIDE_BY_SIDE_USERS) {
    cities.push(...(await sideBySide(all, "browse-cities", { ours: users, baseline: users })));
  }
  await grownData(SIDE_BY_SIDE_SHARE);
  const some = await sideBySide(all, "heavy-query", SIDE_BY_SIDE_HEAVY);
  await grownData(1);
  return { runs: [...cities, ...some, ...(await sideBySide(all, "heavy-query", SIDE_BY_SIDE_HEAVY))] };
}

async function sideBySide(
  { lengths, run, look, withBaseline }: All,
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

function known(name: ScenarioName): Scenario {
  const scenario = scenarioNamed(name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario;
}
