import { z } from "zod";
import { FORECAST_SHAPE, WEATHER_SHAPE } from "../model/list-body.ts";
import { answer, momentHeaders, readyBytes, written } from "./answer.ts";
import { NOT_FOUND_CITY, NOT_FOUND_FORECAST, NOT_VALID, UNCONFIRMED } from "./error-texts.ts";
import { requestIdentity } from "./idempotency-key.ts";
import { readJson } from "./json-body.ts";
import { listHandler } from "./lists.ts";
import { Problem } from "./problem.ts";
import type { Reader } from "./reading.ts";
import type { Route } from "./route.ts";
import {
  ChangedForecast,
  CityForecast,
  CityWeather,
  Forecast,
  idFromPath,
  ListQuery,
  NewForecast,
  validated,
} from "./schemas.ts";
import type { Writer } from "./writing.ts";

export function forecastRoutes(reader: Reader, writer: Writer, bodyLimit: number): Route[] {
  return [
    {
      template: "/WeatherForecast",
      operations: {
        GET: {
          summary: "All cities with all their values",
          tag: "WeatherForecast",
          query: ListQuery,
          answers: z.array(CityWeather),
          errors: { 400: "a query parameter is not valid" },
          handler: listHandler(reader, WEATHER_SHAPE),
        },
      },
    },
    {
      template: "/Forecast",
      operations: {
        GET: {
          summary: "All cities with all their values",
          tag: "Forecast",
          query: ListQuery,
          answers: z.array(CityForecast),
          errors: { 400: "a query parameter is not valid" },
          handler: listHandler(reader, FORECAST_SHAPE),
        },
      },
    },
    {
      template: "/Forecast/{id}",
      operations: {
        GET: {
          summary: "One value",
          tag: "Forecast",
          answers: Forecast,
          errors: { 404: NOT_FOUND_FORECAST },
          handler: ({ request, parameter }) => {
            const id = idFromPath(parameter);
            return reader.read(({ model, moment }) => {
              const json = model.forecastJson(id);
              if (!json) throw new Problem(404, NOT_FOUND_FORECAST, { headers: momentHeaders(moment) });
              return answer(request, readyBytes(json), moment);
            });
          },
        },
        POST: {
          summary: "Adds a value to the city with this id",
          tag: "Forecast",
          body: NewForecast,
          repeatable: true,
          answers: Forecast,
          errors: { ...NOT_VALID, 404: NOT_FOUND_CITY, ...UNCONFIRMED },
          handler: async ({ request, parameter }) => {
            const cityId = idFromPath(parameter);
            const value = validated(NewForecast, await readJson(request, bodyLimit));
            if (Number.isNaN(cityId)) throw new Problem(404, NOT_FOUND_CITY);
            const identity = requestIdentity(request, wireForecast({ ...value, id: 0, cityId }));
            const added = await writer.add("addForecast", { ...value, cityId, request: identity });
            if (!added.found) throw new Problem(404, NOT_FOUND_CITY);
            return written(wireForecast({ ...value, id: added.id, cityId }));
          },
        },
        PUT: {
          summary: "Changes a value",
          tag: "Forecast",
          body: ChangedForecast,
          repeatable: true,
          answers: Forecast,
          errors: { ...NOT_VALID, 404: `${NOT_FOUND_FORECAST}, or ${NOT_FOUND_CITY}`, ...UNCONFIRMED },
          handler: async ({ request, parameter }) => {
            const id = idFromPath(parameter);
            const value = validated(ChangedForecast, await readJson(request, bodyLimit));
            if (Number.isNaN(id)) throw new Problem(404, NOT_FOUND_FORECAST);
            const cityId = value.cityId === null ? null : Number(value.cityId);
            if (cityId !== null && !Number.isSafeInteger(cityId)) throw new Problem(404, NOT_FOUND_CITY);
            const identity = requestIdentity(request, wireForecast({ ...value, id, cityId: cityId ?? 0 }));
            const changed = await writer.change("changeForecast", { ...value, id, cityId, request: identity });
            if (!changed.found)
              throw new Problem(404, changed.missing === "city" ? NOT_FOUND_CITY : NOT_FOUND_FORECAST);
            return written(wireForecast({ ...value, id, cityId: changed.cityId }));
          },
        },
      },
    },
  ];
}

/** By hand, because JSON.stringify knows no 64-bit integers. The order of the fields is that of the lists. */
function wireForecast(row: {
  id: number;
  cityId: number;
  dateTime: bigint;
  temperature: number;
  summary: string | null;
}): string {
  const { id, cityId, dateTime, temperature, summary } = row;
  return `{"id":${id},"cityId":${cityId},"dateTime":${dateTime},"temperature":${temperature},"summary":${JSON.stringify(summary)}}`;
}
