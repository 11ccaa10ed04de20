import { apiProgram } from "../api-program.ts";
import type { BenchCase } from "../bench.ts";
import { contest, each, rateFindings } from "../contest.ts";
import { digestOf, millionData } from "../databases.ts";
import { weatherLoad } from "../loads/weather.ts";
import { withPrograms } from "../with-programs.ts";
import { memoryFindings } from "./weather-findings.ts";

const memoryMiB = 256;

export const weatherMillion: BenchCase = {
  name: "million",
  about: "GET /WeatherForecast on 189 cities and 1,000,000 values within 256 MiB, 4 connections.",
  run: async (bench) => {
    const database = await bench.databases.create(millionData);
    const digest = await digestOf(database);
    const limits = { cpuMsPer100: 25, memoryMiB };
    return withPrograms(bench, [apiProgram(bench.options, database, limits)], async ([program]) => {
      const rounds = await contest(bench, {
        identity: { program, load: weatherLoad(["identity"], 4, { digest }, 1) },
        gzip: { program, load: weatherLoad(["gzip"], 4, { digest }, 1) },
        zstd: { program, load: weatherLoad(["zstd"], 4, { digest }, 1) },
      });
      return [
        { what: "start with 1,000,000 values until ready", unit: "s", values: [program.readySeconds] },
        ...rateFindings("GET /WeatherForecast, 1,000,000 values, identity", rounds.identity),
        ...rateFindings("GET /WeatherForecast, 1,000,000 values, gzip", rounds.gzip),
        ...rateFindings("GET /WeatherForecast, 1,000,000 values, zstd", rounds.zstd),
        {
          what: "GET /WeatherForecast, 1,000,000 values, identity, p90",
          unit: "ms",
          values: each(rounds.identity, (round) => round.latencyMs.p90),
        },
        ...memoryFindings(
          "GET /WeatherForecast, 1,000,000 values",
          [...rounds.identity, ...rounds.gzip, ...rounds.zstd],
          memoryMiB,
        ),
      ];
    });
  },
};
