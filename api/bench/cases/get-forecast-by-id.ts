import type { BenchCase } from "../bench.ts";
import { contest, rateFindings, ratios } from "../contest.ts";
import { grownData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { forecastByIdLoad } from "../loads/forecasts.ts";
import { apiProgram, baselineProgram, withPrograms } from "../measured-programs.ts";

export const getForecastById: BenchCase = {
  name: "forecast-by-id",
  about: "GET /Forecast/{id} at random ids of 120,896, 32 connections, against one SQL query per request.",
  run: async (bench) => {
    const database = await bench.databases.create(grownData);
    const programs = [
      apiProgram(bench.options, database, replicaLimits),
      baselineProgram("sql-per-request", database),
    ] as const;
    return withPrograms(bench, programs, async ([product, sql]) => {
      const load = forecastByIdLoad(grownData, 32);
      const rounds = await contest(bench, {
        API: { program: product, load },
        "SQL per request": { program: sql, load },
      });
      return [
        ...rateFindings("GET /Forecast/{id}", rounds.API),
        ...rateFindings("baseline: value by one SQL query per request", rounds["SQL per request"]),
        {
          what: "GET /Forecast/{id} / one SQL query per request",
          unit: "ratio",
          values: ratios(rounds.API, rounds["SQL per request"]),
        },
      ];
    });
  },
};
