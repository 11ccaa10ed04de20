import type { BenchCase } from "../bench.ts";
import { rateFindings } from "../contest.ts";
import { baseData } from "../databases.ts";
import { withReplica } from "../measured-programs.ts";
import { weatherRounds } from "./weather-findings.ts";

export const weatherBase: BenchCase = {
  name: "weather-base",
  about: "GET /WeatherForecast on the sample data (9 cities, 720 values), 32 connections.",
  run: async (bench) => {
    return withReplica(bench, baseData, async (replica) => {
      const rounds = await weatherRounds(bench, replica, { identity: 32, gzip: 32 });
      return [
        ...rateFindings("GET /WeatherForecast, 720 values, identity", rounds.identity),
        ...rateFindings("GET /WeatherForecast, 720 values, gzip", rounds.gzip),
      ];
    });
  },
};
