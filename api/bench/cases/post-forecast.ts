import type { BenchCase } from "../bench.ts";
import { contest, each, rateFindings, ratios } from "../contest.ts";
import { baseData, digestOf } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { expectStored, insertLoad } from "../loads/forecasts.ts";
import { measure } from "../measure.ts";
import { apiProgram, baselineProgram, withPrograms } from "../measured-programs.ts";

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
    const load = insertLoad(baseData, { connections: 128 });
    return withPrograms(bench, programs, async ([product, sameContract, bare]) => {
      const rounds = await contest(bench, {
        API: { program: product, load, measure: countedIn(databases[0]) },
        "one INSERT per request": { program: sameContract, load, measure: countedIn(databases[1]) },
        bare: { program: bare, load, measure: countedIn(databases[2]) },
      });
      const [rate, ...others] = rateFindings("POST /Forecast", rounds.API);
      return [
        ...(rate === undefined
          ? []
          : [{ ...rate, target: { kind: "at least", value: 4000, judges: "median" } } as const]),
        ...others,
        { what: "POST /Forecast, p99", unit: "ms", values: each(rounds.API, (round) => round.latencyMs.p99) },
        ...rateFindings("baseline: one INSERT per request", rounds["one INSERT per request"]),
        ...rateFindings("bare: one INSERT per request, no contract", rounds.bare),
        {
          what: "POST /Forecast / one INSERT per request",
          unit: "ratio",
          values: ratios(rounds.API, rounds["one INSERT per request"]),
          target: { kind: "at least", value: 2.5, judges: "median" },
        },
        { what: "POST /Forecast / bare INSERT", unit: "ratio", values: ratios(rounds.API, rounds.bare) },
      ];
    });
  },
};

/** Measures, and expects every acknowledged value in the database. */
function countedIn(database: string): typeof measure {
  return async (bench, program, load, duration) => {
    const before = await digestOf(database);
    const measurement = await measure(bench, program, load, duration);
    const stored = (await digestOf(database)).values - before.values;
    expectStored(bench, program, measurement, stored);
    return measurement;
  };
}
