import type { Bench, BenchCase, Finding } from "../bench.ts";
import { contest, rateFindings, ratios } from "../contest.ts";
import { baseData, type DataSet, digestOf, grownData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { citiesLoad } from "../loads/cities.ts";
import { weatherLoad } from "../loads/weather.ts";
import { type Load, measure } from "../measure.ts";
import { apiProgram, goProgram, withPrograms } from "../measured-programs.ts";

const CITIES_CONNECTIONS = 128;
/** The Go service answers some such requests a second: more connections would only wait. */
const GO_WEATHER_CONNECTIONS = 2;
/** Long enough for some answers of seconds each. */
const MIN_GO_SECONDS = 15;
const API_WEATHER_CONNECTIONS = 16;

export const goService: BenchCase = {
  name: "go",
  about:
    "The API against a careful Go service (net/http, pgx pool, one query per request): GET /Cities, and GET /WeatherForecast " +
    "with 120,896 values. Where Go is not installed it is left out.",
  run: async (bench) => {
    const digestLoads = async (database: string) => {
      const expected = { digest: await digestOf(database) };
      return {
        API: weatherLoad(["gzip"], API_WEATHER_CONNECTIONS, expected),
        Go: weatherLoad(["identity"], GO_WEATHER_CONNECTIONS, expected),
      };
    };
    const cities = citiesLoad({ connections: CITIES_CONNECTIONS });
    return [
      ...(await compare(bench, "GET /Cities", baseData, 3, async () => ({ API: cities, Go: cities }))),
      ...(await compare(bench, "GET /WeatherForecast, 120,896 values", grownData, 100, digestLoads)),
    ];
  },
};

async function compare(
  bench: Bench,
  what: string,
  data: DataSet,
  atLeast: number,
  loadsOn: (database: string) => Promise<{ readonly API: Load; readonly Go: Load }>,
): Promise<Finding[]> {
  const database = await bench.databases.create(data);
  const service = goProgram(bench, database);
  if (!service) return [];
  const loads = await loadsOn(database);
  const replica = apiProgram(bench.options, database, replicaLimits);
  return withPrograms(bench, [replica, service], async ([api, go]) => {
    const rounds = await contest(bench, {
      API: { program: api, load: loads.API },
      Go: { program: go, load: loads.Go, measure: measureLonger },
    });
    return [
      ...rateFindings(what, rounds.API),
      ...rateFindings(`baseline: ${what}, Go`, rounds.Go),
      {
        what: `${what} / Go`,
        unit: "ratio",
        values: ratios(rounds.API, rounds.Go),
        target: { kind: "at least", value: atLeast, judges: "median" },
      },
    ];
  });
}

const measureLonger: typeof measure = (bench, program, load, duration, onMemory) =>
  measure(bench, program, load, { ...duration, seconds: Math.max(duration.seconds, MIN_GO_SECONDS) }, onMemory);
