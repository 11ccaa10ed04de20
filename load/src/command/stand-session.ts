import { CommandError } from "@goldenring/run-kit";
import type { Machine } from "@goldenring/stand";
import type { Lengths, PartName, Step } from "../all/parts.ts";
import type { StoredRun } from "../record/record.ts";
import { shownMs } from "../record/verdict.ts";
import type { MeasuredRun, Side } from "../report/results.ts";
import { writeReport } from "../report/run-page.ts";
import { type LoadTarget, runLoad } from "../run/run.ts";
import { type ScenarioName, scenarioNamed } from "../scenarios.ts";
import type { DatabasePlace } from "../seed/database.ts";
import { DATA_SIZES } from "../seed/growth.ts";
import { seedDatabase } from "../seed/seed-database.ts";
import { writeSeedRecord } from "../seed/seed-record.ts";
import { unseed } from "../seed/unseed.ts";
import { installBaseline, isProductReplaced, restoreProduct, stopProduct } from "../service/baseline-swap.ts";
import { type Inspection, inspectTarget, WeatherApi } from "../service/weather-api.ts";
import { type LoadDeps, loadTargetOf } from "./deps.ts";
import { liveLine } from "./run-scenario.ts";

/** After this time the machines restore the product without being told. */
const BASELINE_MAX_SECONDS = 900;

type PartRun = Omit<Step, "data"> & { readonly part: PartName; readonly side?: Side; readonly inspection?: Inspection };

/** What the parts of `load all` share: the stand, its data, and runs on it. */
export class StandSession {
  private constructor(
    readonly lengths: Lengths,
    readonly deps: LoadDeps,
    private readonly target: LoadTarget,
    private readonly database: DatabasePlace,
    /** Those that serve. */
    private readonly replicas: readonly Machine[],
  ) {}

  /** Restores the product where an interrupted run has left the baseline. @throws {CommandError} (usage) where no stand is running */
  static async open(lengths: Lengths, deps: LoadDeps): Promise<StandSession> {
    const stand = await deps.stand?.();
    if (stand?.database === undefined || stand.machines === undefined) {
      throw new CommandError("This measures the stand: start it first, by `ring up`.", "usage");
    }
    const target = await loadTargetOf({}, deps);
    const replicas = stand.machines.filter(({ roles }) => roles.includes("api"));
    if (await isProductReplaced(replicas)) {
      deps.output.log("an earlier run has left the baseline on the replicas: restoring the product");
      await restoreProduct(replicas);
    }
    return new StandSession(lengths, deps, target, await stand.database(), replicas);
  }

  async close({ keepData }: { readonly keepData: boolean }): Promise<void> {
    if (await isProductReplaced(this.replicas)) await restoreProduct(this.replicas);
    if (!keepData) await this.#removeAdded();
  }

  /** @param share of the way from the smallest data set of 2023 to the largest; 0: the stand's data alone, and at least the smallest set */
  async setData(share: number): Promise<void> {
    if (share === 0) await this.#removeAdded();
    const { base, full } = DATA_SIZES;
    const between = (from: number, to: number): number => Math.round(from + (to - from) * share);
    const size = { cities: between(base.cities, full.cities), values: between(base.values, full.values) };
    const { log } = this.deps.output;
    const added = await seedDatabase(this.database, share === 0 ? "base" : "full", log, size);
    if (added !== undefined) await writeSeedRecord(this.deps.runs, added);
  }

  /** What the service holds, for a run on a service that may be too weak to be asked for all of it. */
  inspect(scenario: ScenarioName): Promise<Inspection> {
    return inspectTarget(new WeatherApi(this.target.target), scenarioNamed(scenario), this.deps.signal);
  }

  async run({ part, scenario, side = "ours", warmUpSeconds, inspection, ...options }: PartRun): Promise<MeasuredRun> {
    const { output, signal } = this.deps;
    signal.throwIfAborted();
    const run = await runLoad({
      ...this.target,
      scenario: scenarioNamed(scenario),
      options,
      inspection,
      runs: this.deps.runs,
      signal,
      onRow: (row, soFar) => output.live(`${scenario} (${side}): ${liveLine(row, soFar)}`),
    });
    await writeReport(run.folder);
    signal.throwIfAborted();
    const { endedBy, notes } = run.record;
    if (endedBy === "k6 failed") throw new CommandError(`k6 failed: ${notes.join("; ")}`);
    for (const line of [runLine(run, side), ...notes.map((note) => `  ${note}`)]) output.log(line);
    return { side, part, replicas: this.replicas.length, run, warmUpSeconds };
  }

  /** The baseline serves on each replica during the work; then the product is restored, whatever happens. */
  withBaseline<Result>(work: () => Promise<Result>): Promise<Result> {
    const change = () => installBaseline(this.replicas, BASELINE_MAX_SECONDS);
    return this.#restoring(this.replicas, "the baseline replaces the product", work, change);
  }

  /** One replica serves alone during the work; then the others are restored, whatever happens. */
  withOneReplica<Result>(work: (session: StandSession) => Promise<Result>): Promise<Result> {
    const [one, ...others] = this.replicas;
    if (one === undefined) throw new CommandError("The stand has no API replica.");
    const { lengths, deps, target, database } = this;
    const size = target.size && { ...target.size, replicas: 1 };
    const alone = new StandSession(lengths, deps, { ...target, size }, database, [one]);
    const change = () => stopProduct(others, BASELINE_MAX_SECONDS);
    return this.#restoring(others, `${one.name} serves alone`, () => work(alone), change);
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
    const { database, deps } = this;
    const { cities, values } = await unseed({ database, runs: deps.runs });
    if (values + cities > 0) deps.output.log(`${cities} cities and ${values} values removed`);
  }
}

function runLine({ record }: StoredRun, side: Side): string {
  const { scenario, figures, target, options, endedBy, id } = record;
  const { maxUsers, rate, latency, failed, usersAtBreak } = figures;
  const end = usersAtBreak === undefined ? endedBy : `${endedBy}, first objective missed at ${usersAtBreak} users`;
  return (
    `${scenario} (${side}, ${target.values} values, ${options.encoding}): up to ${maxUsers} users, ${rate.toFixed(0)} req/s, ` +
    `${latency === undefined ? "no answers" : `p95 ${shownMs(latency.p95)} ms`}, ${failed} failed; ended by: ${end}  ${id}`
  );
}
