import type { BenchCase } from "../bench.ts";
import { grownData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { withReplica } from "../measured-programs.ts";
import { memoryFindings, weatherFindings, weatherRounds } from "./weather-findings.ts";

export const weatherGrown: BenchCase = {
  name: "weather",
  about: "GET /WeatherForecast on 189 cities and 120,896 random values: identity (8 connections), gzip (16).",
  run: async (bench) => {
    return withReplica(bench, grownData, async (replica) => {
      const rounds = await weatherRounds(bench, replica, { identity: 8, gzip: 16 });
      const all = [...rounds.identity, ...rounds.gzip];
      return [
        ...weatherFindings("GET /WeatherForecast, 120,896 values, identity", rounds.identity, 45),
        ...weatherFindings("GET /WeatherForecast, 120,896 values, gzip", rounds.gzip, 150),
        ...memoryFindings("GET /WeatherForecast, 120,896 values", all, replicaLimits.memoryMiB),
      ];
    });
  },
};
