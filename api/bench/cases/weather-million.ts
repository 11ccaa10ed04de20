import type { BenchCase } from "../bench.ts";
import { each, rateFindings } from "../contest.ts";
import { millionData } from "../databases.ts";
import { withReplica } from "../measured-programs.ts";
import { memoryFindings, weatherRounds } from "./weather-findings.ts";

const memoryMiB = 256;

export const weatherMillion: BenchCase = {
  name: "million",
  about: "GET /WeatherForecast on 189 cities and 1,000,000 values within 256 MiB, 4 connections.",
  run: async (bench) => {
    const limits = { cpuMsPer100: 25, memoryMiB };
    return withReplica(
      bench,
      millionData,
      async (replica) => {
        const rounds = await weatherRounds(bench, replica, { identity: 4, gzip: 4 }, 1);
        return [
          { what: "start with 1,000,000 values until ready", unit: "s", values: [replica.program.readySeconds] },
          ...rateFindings("GET /WeatherForecast, 1,000,000 values, identity", rounds.identity),
          ...rateFindings("GET /WeatherForecast, 1,000,000 values, gzip", rounds.gzip),
          {
            what: "GET /WeatherForecast, 1,000,000 values, identity, p90",
            unit: "ms",
            values: each(rounds.identity, (round) => round.latencyMs.p90),
          },
          ...memoryFindings("GET /WeatherForecast, 1,000,000 values", [...rounds.identity, ...rounds.gzip], memoryMiB),
        ];
      },
      limits,
    );
  },
};
