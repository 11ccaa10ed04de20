import { apiProgram } from "../api-program.ts";
import type { BenchCase } from "../bench.ts";
import { contest, each } from "../contest.ts";
import { baseData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { citiesLoad } from "../loads/cities.ts";
import { withPrograms } from "../with-programs.ts";

export const getCitiesOpen: BenchCase = {
  name: "cities-open",
  about: "GET /Cities, open loop at 400 requests/s: latency from the moment a request was due.",
  run: async (bench) => {
    const database = await bench.databases.create(baseData);
    return withPrograms(bench, [apiProgram(bench.options, database, replicaLimits)], async ([program]) => {
      const { API: rounds } = await contest(bench, {
        API: { program, load: citiesLoad({ connections: 64, rate: 400 }) },
      });
      return [
        {
          what: "GET /Cities at 400 requests/s, p50",
          unit: "ms",
          values: each(rounds, (round) => round.latencyMs.p50),
        },
        {
          what: "GET /Cities at 400 requests/s, p95",
          unit: "ms",
          values: each(rounds, (round) => round.latencyMs.p95),
          bar: { kind: "at most", value: 10, judges: "median" },
        },
        {
          what: "GET /Cities at 400 requests/s, p99",
          unit: "ms",
          values: each(rounds, (round) => round.latencyMs.p99),
        },
      ];
    });
  },
};
