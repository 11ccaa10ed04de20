import { apiProgram } from "../api-program.ts";
import type { BenchCase } from "../bench.ts";
import { contest } from "../contest.ts";
import { digestOf, grownData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { weatherLoad } from "../loads/weather.ts";
import { withPrograms } from "../with-programs.ts";
import { memoryFindings, weatherFindings } from "./weather-findings.ts";

export const weatherGrown: BenchCase = {
  name: "weather",
  about: "GET /WeatherForecast on 189 cities and 120,896 random values: identity (8 connections), gzip and zstd (16).",
  run: async (bench) => {
    const database = await bench.databases.create(grownData);
    const digest = await digestOf(database);
    return withPrograms(bench, [apiProgram(bench.options, database, replicaLimits)], async ([program]) => {
      const rounds = await contest(bench, {
        identity: { program, load: weatherLoad(["identity"], 8, { digest }) },
        gzip: { program, load: weatherLoad(["gzip"], 16, { digest }) },
        zstd: { program, load: weatherLoad(["zstd"], 16, { digest }) },
      });
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
