import { CommandError } from "@goldenring/run-kit";
import type { Machine } from "@goldenring/stand";
import type { Lengths, PartName } from "../all/parts.ts";
import type { StoredRun } from "../record/run-folder.ts";
import { shownMs } from "../record/verdict.ts";
import type { MeasuredRun, Side } from "../report/results.ts";
import { writeReport } from "../report/write.ts";
import type { LoadOptions } from "../run/options.ts";
import { type LoadTarget, runLoad } from "../run/run.ts";
import { type ScenarioName, scenarioNamed } from "../scenarios.ts";
import type { DatabasePlace } from "../seed/database.ts";
import { DATA_SIZES } from "../seed/growth.ts";
import { seedDatabase } from "../seed/seed-database.ts";
import { writeSeedRecord } from "../seed/seed-record.ts";
import { unseed } from "../seed/unseed.ts";
import { installBaseline, isProductReplaced, restoreProduct, stopProduct } from "../service/baseline-swap.ts";
import { type Inspection, inspectTarget } from "../service/inspect.ts";
import { WeatherApi } from "../service/weather-api.ts";
import { type LoadDeps, loadTargetOf } from "./deps.ts";

/** After this time the machines restore the product without being told. */
const BASELINE_MAX_SECONDS = 900;

export interface PartRun extends LoadOptions {
  readonly part: PartName;
  readonly side?: Side;
  /** At the beginning; not judged. */
  readonly warmUpSeconds?: number;
  readonly inspection?: Inspection;
}

interface Setting {
  readonly lengths: Lengths;
  readonly deps: LoadDeps;
  readonly runs: string;
  readonly target: LoadTarget;
  readonly database: DatabasePlace;
  /** Those that serve. */
  readonly replicas: readonly Machine[];
}

/** What the parts of `load all` share: the stand, its data, and runs on it. */
export class StandSession {
  readonly lengths: Lengths;
  readonly deps: LoadDeps;
  readonly runs: string;
  readonly #setting: Setting;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.lengths = setting.lengths;
    this.deps = setting.deps;
    this.runs = setting.runs;
  }

  /** @throws {CommandError} (usage) where no stand is running */
  static async open(lengths: Lengths, runs: string, deps: LoadDeps): Promise<StandSession> {
    const stand = await deps.stand?.();
    if (stand?.database === undefined || stand.machines === undefined) {
      throw new CommandError("`load all` measures the stand: start it first, by `ring up`.", "usage");
    }
    const target = await loadTargetOf({}, deps);
    const replicas = stand.machines.filter(({ roles }) => roles.includes("api"));
    return new StandSession({ lengths, deps, runs, target, database: await stand.database(), replicas });
  }

  /** Restores the product where an interrupted run has left the baseline. */
  async prepare(): Promise<void> {
    const { replicas, deps } = this.#setting;
    if (!(await isProductReplaced(replicas))) return;
    deps.output.log("an earlier run has left the baseline on the replicas: restoring the product");
    await restoreProduct(replicas);
  }

  async close({ keepData }: { readonly keepData: boolean }): Promise<void> {
    const { replicas } = this.#setting;
    if (await isProductReplaced(replicas)) await restoreProduct(replicas);
    if (!keepData) await this.#removeAdded();
  }

  /** Only the stand's data, and in any case 9 cities with 720 values. */
  async baseData(): Promise<void> {
    await this.#removeAdded();
    await this.grownData(0);
  }

  /** @param share of the way from the smallest data set of 2023 to the largest */
  async grownData(share: number): Promise<void> {
    const { database, runs, deps } = this.#setting;
    const { base, full } = DATA_SIZES;
    const between = (from: number, to: number): number => Math.round(from + (to - from) * share);
    const size = { cities: between(base.cities, full.cities), values: between(base.values, full.values) };
    const log = (line: string): void => deps.output.log(line);
    const added = await seedDatabase(database, share === 0 ? "base" : "full", log, size);
    if (added !== undefined) await writeSeedRecord(runs, added);
  }

  /** What the service holds, for a run on a service that may be too weak to be asked for all of it. */
  inspect(scenario: ScenarioName): Promise<Inspection> {
    const { target, deps } = this.#setting;
    return inspectTarget(new WeatherApi(target.target), scenarioNamed(scenario), deps.signal);
  }

  async run(name: ScenarioName, partRun: PartRun): Promise<MeasuredRun> {
    const { target, runs, deps, replicas } = this.#setting;
    const { part, side = "ours", warmUpSeconds, inspection, ...options } = partRun;
    const { output, signal } = deps;
    signal.throwIfAborted();
    const run = await runLoad({
      ...target,
      scenario: scenarioNamed(name),
      options,
      inspection,
      runs,
      signal,
      onRow: ({ t, users, requests, latency }) =>
        output.live(`${name} (${side}): ${t.toFixed(0)} s, ${users} users, ${requests} req/s, ${p95Of(latency)}`),
    });
    await writeReport(run.folder);
    signal.throwIfAborted();
    const { endedBy, notes } = run.record;
    if (endedBy === "k6 failed") throw new CommandError(`k6 failed: ${notes.join("; ")}`);
    for (const line of [runLine(run, side), ...notes.map((note) => `  ${note}`)]) output.log(line);
    return { side, part, replicas: replicas.length, run, ...(warmUpSeconds === undefined ? {} : { warmUpSeconds }) };
  }

  /** The baseline serves on each replica during the work; then the product is restored, whatever happens. */
  withBaseline<Result>(work: () => Promise<Result>): Promise<Result> {
    const { replicas } = this.#setting;
    return this.#restoring(replicas, "the baseline replaces the product", work, () =>
      installBaseline(replicas, BASELINE_MAX_SECONDS),
    );
  }

  /** One replica serves alone during the work; then the others are restored, whatever happens. */
  withOneReplica<Result>(work: (session: StandSession) => Promise<Result>): Promise<Result> {
    const [one, ...others] = this.#setting.replicas;
    if (one === undefined) throw new CommandError("The stand has no API replica.");
    return this.#restoring(
      others,
      `${one.name} serves alone`,
      () => work(new StandSession({ ...this.#setting, replicas: [one] })),
      () => stopProduct(others, BASELINE_MAX_SECONDS),
    );
  }

  async #restoring<Result>(
    replicas: readonly Machine[],
    what: string,
    work: () => Promise<Result>,
    change: () => Promise<void>,
  ): Promise<Result> {
    const { output, signal } = this.deps;
    signal.throwIfAborted();
    output.log(what);
    try {
      await change();
      return await work();
    } finally {
      await restoreProduct(replicas);
      output.log("the product serves again on every replica");
    }
  }

  async #removeAdded(): Promise<void> {
    const { database, runs, deps } = this.#setting;
    const request = { database, target: undefined, runs, isSure: async () => true, log: () => {} };
    const { cities, values } = await unseed(request);
    if (values + cities > 0) deps.output.log(`${cities} cities and ${values} values removed`);
  }
}

function p95Of(latency: { readonly p95: number } | undefined): string {
  return latency === undefined ? "no answers" : `p95 ${shownMs(latency.p95)} ms`;
}

function runLine({ record }: StoredRun, side: Side): string {
  const { scenario, figures, target, options, endedBy, id } = record;
  const { maxUsers, rate, latency, failed, usersAtBreak } = figures;
  const end = usersAtBreak === undefined ? endedBy : `${endedBy}, first objective missed at ${usersAtBreak} users`;
  return (
    `${scenario} (${side}, ${target.values} values, ${options.encoding}): up to ${maxUsers} users, ${rate.toFixed(0)} req/s, ` +
    `${p95Of(latency)}, ${failed} failed; ended by: ${end}  ${id}`
  );
}
