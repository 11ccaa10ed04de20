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
    "POST /Forecast/{random city}, 128 connections, against one INSERT per request; every stored value is counted.",
  run: async (bench) => {
    // A database each: the API must not be kept busy by the changes of the baseline.
    const apiDatabase = await bench.databases.create(baseData);
    const baselineDatabase = await bench.databases.create(baseData);
    const programs = [
      apiProgram(bench.options, apiDatabase, replicaLimits),
      baselineProgram("sql-per-request", baselineDatabase),
    ] as const;
    return withPrograms(bench, programs, async ([product, baseline]) => {
      const products: Measurement[] = [];
      const baselines: Measurement[] = [];
      const first = { warmUpSeconds: 0, seconds: firstWarmUpWindows * bench.options.seconds };
      await insert(bench, product, apiDatabase, first);
      await insert(bench, baseline, baselineDatabase, first);
      for (let round = 1; round <= bench.options.rounds; round += 1) {
        products.push(await insert(bench, product, apiDatabase, bench.options));
        baselines.push(await insert(bench, baseline, baselineDatabase, bench.options));
        bench.say(
          `round ${round} of ${bench.options.rounds}: ${products.at(-1)?.perSecond.toFixed(0)} values/s, one INSERT per request ${baselines.at(-1)?.perSecond.toFixed(0)}`,
        );
      }
      const [rate, ...others] = rateFindings("POST /Forecast", products);
      return [
        ...(rate === undefined ? [] : [{ ...rate, bar: { kind: "at least", value: 4000, judges: "median" } } as const]),
        ...others,
        { what: "POST /Forecast, p99", unit: "ms", values: each(products, (round) => round.latencyMs.p99) },
        ...rateFindings("baseline: one INSERT per request", baselines),
        {
          what: "POST /Forecast / one INSERT per request",
          unit: "ratio",
          values: ratios(products, baselines),
          bar: { kind: "at least", value: 2.5, judges: "median" },
        },
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
