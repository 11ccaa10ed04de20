import { apiProgram } from "../api-program.ts";
import { baselineProgram } from "../baseline-program.ts";
import type { Bench, BenchCase } from "../bench.ts";
import { each, firstWarmUpWindows, rateFindings, ratios } from "../contest.ts";
import { baseData, digestOf } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { expectStored, insertLoad } from "../loads/forecasts.ts";
import { type Duration, type Measurement, measure } from "../measure.ts";
import type { RunningProgram } from "../program.ts";
import { withPrograms } from "../with-programs.ts";

export const postForecast: BenchCase = {
  name: "posts",
  about:
    "POST /Forecast/{random city}, 128 connections, against one INSERT per request: behind the same HTTP contract (checks, 404 for a city that is missing, metrics), and, only shown, bare. Every stored value is counted.",
  run: async (bench) => {
    // A database each: the API must not be kept busy by the changes of the baselines.
    const databases = [
      await bench.databases.create(baseData),
      await bench.databases.create(baseData),
      await bench.databases.create(baseData),
    ] as const;
    const programs = [
      apiProgram(bench.options, databases[0], replicaLimits),
      baselineProgram("insert-per-request", databases[1]),
      baselineProgram("sql-per-request", databases[2]),
    ] as const;
    return withPrograms(bench, programs, async (running) => {
      const [product, sameContract, bare] = [
        { name: "values", program: running[0], database: databases[0], rounds: [] as Measurement[] },
        { name: "one INSERT per request", program: running[1], database: databases[1], rounds: [] as Measurement[] },
        { name: "bare", program: running[2], database: databases[2], rounds: [] as Measurement[] },
      ] as const;
      const contestants = [product, sameContract, bare];
      const first = { warmUpSeconds: 0, seconds: firstWarmUpWindows * bench.options.seconds };
      for (const { program, database } of contestants) await insert(bench, program, database, first);
      for (let round = 1; round <= bench.options.rounds; round += 1) {
        for (const { program, database, rounds } of contestants) {
          rounds.push(await insert(bench, program, database, bench.options));
        }
        const rates = contestants.map(({ name, rounds }) => `${name} ${rounds.at(-1)?.perSecond.toFixed(0)}/s`);
        bench.say(`round ${round} of ${bench.options.rounds}: ${rates.join(", ")}`);
      }
      const [rate, ...others] = rateFindings("POST /Forecast", product.rounds);
      return [
        ...(rate === undefined ? [] : [{ ...rate, bar: { kind: "at least", value: 4000, judges: "median" } } as const]),
        ...others,
        { what: "POST /Forecast, p99", unit: "ms", values: each(product.rounds, (round) => round.latencyMs.p99) },
        ...rateFindings("baseline: one INSERT per request", sameContract.rounds),
        ...rateFindings("bare: one INSERT per request, no contract", bare.rounds),
        {
          what: "POST /Forecast / one INSERT per request",
          unit: "ratio",
          values: ratios(product.rounds, sameContract.rounds),
          bar: { kind: "at least", value: 2.5, judges: "median" },
        },
        { what: "POST /Forecast / bare INSERT", unit: "ratio", values: ratios(product.rounds, bare.rounds) },
      ];
    });
  },
};

async function insert(
  bench: Bench,
  program: RunningProgram,
  database: string,
  duration: Duration,
): Promise<Measurement> {
  const before = await digestOf(database);
  const measurement = await measure(bench, program, insertLoad(baseData, { connections: 128 }), duration);
  const stored = (await digestOf(database)).values - before.values;
  expectStored(bench, program, measurement, stored);
  return measurement;
}
