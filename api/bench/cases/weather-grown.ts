import type { BenchCase } from "../bench.ts";
import { grownData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { withReplica } from "../measured-programs.ts";
import { memoryFindings, weatherFindings, weatherRounds } from "./weather-findings.ts";

export const weatherGrown: BenchCase = {
  name: "weather",
  about: "GET /WeatherForecast on 189 cities and 120,896 random values: identity (8 connections), gzip and zstd (16).",
  run: async (bench) => {
    return withReplica(bench, grownData, async (replica) => {
      const rounds = await weatherRounds(bench, replica, { identity: 8, gzip: 16, zstd: 16 });
      const all = [...rounds.identity, ...rounds.gzip, ...rounds.zstd];
      return [
        ...weatherFindings("GET /WeatherForecast, 120,896 values, identity", rounds.identity, 45),
        ...weatherFindings("GET /WeatherForecast, 120,896 values, gzip", rounds.gzip, 150),
        ...weatherFindings("GET /WeatherForecast, 120,896 values, zstd", rounds.zstd),
        ...memoryFindings("GET /WeatherForecast, 120,896 values", all, replicaLimits.memoryMiB),
      ];
    });
  },
};
