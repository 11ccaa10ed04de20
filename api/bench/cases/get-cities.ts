import type { BenchCase } from "../bench.ts";
import { contest, rateFindings, ratios } from "../contest.ts";
import { baseData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { citiesLoad } from "../loads/cities.ts";
import { apiProgram, baselineProgram, withPrograms } from "../measured-programs.ts";

/**
 * Reads that wait together share one query, so the cost of a read depends on how many wait: with 32 connections a read
 * costs about a fifth more. The 1,200 users of the 2023 baseline are 400 for each of three replicas.
 */
const CONNECTIONS = 128;

export const getCities: BenchCase = {
  name: "cities",
  about: "GET /Cities, 128 connections: the API, a bare static answer in two forms, one SQL query per request.",
  run: async (bench) => {
    const database = await bench.databases.create(baseData);
    const programs = [
      apiProgram(bench.options, database, replicaLimits),
      baselineProgram("static-fetch"),
      baselineProgram("static-routes"),
      baselineProgram("sql-per-request", database),
    ] as const;
    return withPrograms(bench, programs, async ([product, fetch, routes, sql]) => {
      const load = citiesLoad({ connections: CONNECTIONS });
      const rounds = await contest(bench, {
        API: { program: product, load },
        "static fetch": { program: fetch, load },
        "static routes": { program: routes, load },
        "SQL per request": { program: sql, load },
      });
      return [
        ...rateFindings("GET /Cities", rounds.API),
        ...rateFindings("baseline: static answer by a fetch handler", rounds["static fetch"]),
        ...rateFindings("baseline: static answer by Bun's routes", rounds["static routes"]),
        ...rateFindings("baseline: one SQL query per request", rounds["SQL per request"]),
        {
          what: "GET /Cities / static answer by a fetch handler",
          unit: "ratio",
          values: ratios(rounds.API, rounds["static fetch"]),
          target: { kind: "at least", value: 0.55, judges: "median" },
        },
        // Such an answer never enters JavaScript: no service can be written that way. For information.
        {
          what: "GET /Cities / static answer by Bun's routes",
          unit: "ratio",
          values: ratios(rounds.API, rounds["static routes"]),
        },
        {
          what: "GET /Cities / one SQL query per request",
          unit: "ratio",
          values: ratios(rounds.API, rounds["SQL per request"]),
          target: { kind: "at least", value: 2.5, judges: "median" },
        },
      ];
    });
  },
};
