import { apiProgram } from "../api-program.ts";
import type { BenchCase } from "../bench.ts";
import { contest, rateFindings } from "../contest.ts";
import { baseData, digestOf } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { weatherLoad } from "../loads/weather.ts";
import { withPrograms } from "../with-programs.ts";

export const weatherBase: BenchCase = {
  name: "weather-base",
  about: "GET /WeatherForecast on the sample data (9 cities, 720 values), 32 connections.",
  run: async (bench) => {
    const database = await bench.databases.create(baseData);
    const digest = await digestOf(database);
    return withPrograms(bench, [apiProgram(bench.options, database, replicaLimits)], async ([program]) => {
      const rounds = await contest(bench, {
        identity: { program, load: weatherLoad(["identity"], 32, { digest }) },
        gzip: { program, load: weatherLoad(["gzip"], 32, { digest }) },
        zstd: { program, load: weatherLoad(["zstd"], 32, { digest }) },
      });
      return [
        ...rateFindings("GET /WeatherForecast, 720 values, identity", rounds.identity),
        ...rateFindings("GET /WeatherForecast, 720 values, gzip", rounds.gzip),
        ...rateFindings("GET /WeatherForecast, 720 values, zstd", rounds.zstd),
      ];
    });
  },
};
