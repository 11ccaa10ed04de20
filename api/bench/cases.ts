import type { BenchCase } from "./bench.ts";
import { getCities } from "./cases/get-cities.ts";
import { getCitiesOpen } from "./cases/get-cities-open.ts";
import { getForecastById } from "./cases/get-forecast-by-id.ts";
import { goService } from "./cases/go-service.ts";
import { idleConnections } from "./cases/idle-connections.ts";
import { postForecast } from "./cases/post-forecast.ts";
import { replicas } from "./cases/replicas.ts";
import { soak } from "./cases/soak.ts";
import { start } from "./cases/start.ts";
import { takeover } from "./cases/takeover.ts";
import { weatherBase } from "./cases/weather-base.ts";
import { weatherGrown } from "./cases/weather-grown.ts";
import { weatherInserts } from "./cases/weather-inserts.ts";
import { weatherMillion } from "./cases/weather-million.ts";

/** All cases, in the order they run and are reported. */
export const cases: readonly BenchCase[] = [
  getCities,
  getCitiesOpen,
  getForecastById,
  postForecast,
  weatherBase,
  weatherGrown,
  weatherInserts,
  goService,
  start,
  idleConnections,
  replicas,
  takeover,
  soak,
  weatherMillion,
];
