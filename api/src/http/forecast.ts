import { z } from "zod";
import { FORECAST_SHAPE, WEATHER_SHAPE } from "../model/list-body.ts";
import type { ReadModel } from "../model/read-model.ts";
import { changed, ifMatch, type ReadyBody, readyBytes, written } from "./answer.ts";
import { readJson } from "./json-body.ts";
import {
  CHANGE_ERRORS,
  ID_ERRORS,
  NOT_FOUND_CITY,
  NOT_FOUND_FORECAST,
  Problem,
  READ_ERRORS,
  WRITE_ERRORS,
} from "./problem.ts";
import { listHandler, rowHandler } from "./read-handlers.ts";
import type { Reader } from "./reading.ts";
import type { Handler, Route } from "./route.ts";
import {
  ChangedForecast,
  CityForecast,
  CityWeather,
  Forecast,
  idFromPath,
  ListQuery,
  NewForecast,
  validatedBody,
} from "./schemas.ts";
import { requestIdentity, type Writer } from "./writing.ts";

export function forecastRoutes(reader: Reader, writer: Writer, bodyLimit: number): Route[] {
  return [
    listRoute("WeatherForecast", "listWeather", z.array(CityWeather), listHandler(reader, WEATHER_SHAPE)),
    listRoute("Forecast", "listForecasts", z.array(CityForecast), listHandler(reader, FORECAST_SHAPE)),
    {
      template: "/Forecast/{id}",
      operations: {
        GET: {
          id: "getForecast",
          summary: "One value",
          tag: "Forecast",
          answers: Forecast,
          errors: { ...ID_ERRORS, 404: NOT_FOUND_FORECAST, ...READ_ERRORS },
          handler: rowHandler(reader, readyForecast, NOT_FOUND_FORECAST),
        },
        POST: {
          id: "addForecast",
          summary: "Adds a value to the city with this id",
          tag: "Forecast",
          body: NewForecast,
          repeatable: true,
          answers: Forecast,
          errors: { ...WRITE_ERRORS, 404: NOT_FOUND_CITY },
          handler: async ({ request, parameter }) => {
            const cityId = idFromPath(parameter);
            const value = validatedBody(NewForecast, await readJson(request, bodyLimit));
            if (Number.isNaN(cityId)) throw new Problem(404, NOT_FOUND_CITY);
            const identity = requestIdentity(request, wireForecast({ ...value, id: 0, cityId }));
            const added = await writer.add("addForecast", { ...value, cityId, request: identity });
            if (!added.found) throw new Problem(404, NOT_FOUND_CITY);
            return written(wireForecast({ ...value, id: added.id, cityId }));
          },
        },
        PUT: {
          id: "changeForecast",
          summary: "Changes a value",
          tag: "Forecast",
          body: ChangedForecast,
          repeatable: true,
          answers: Forecast,
          conditional: true,
          errors: { ...CHANGE_ERRORS, 404: `${NOT_FOUND_FORECAST}, or ${NOT_FOUND_CITY}` },
          handler: async ({ request, parameter }) => {
            const id = idFromPath(parameter);
            const value = validatedBody(ChangedForecast, await readJson(request, bodyLimit));
            if (Number.isNaN(id)) throw new Problem(404, NOT_FOUND_FORECAST);
            const cityId = value.cityId === null ? null : Number(value.cityId);
            if (cityId !== null && !Number.isSafeInteger(cityId)) throw new Problem(404, NOT_FOUND_CITY);
            const identity = requestIdentity(request, wireForecast({ ...value, id, cityId: cityId ?? 0 }));
            const condition = ifMatch(request, (model) => readyForecast(model, id));
            const input = { ...value, id, cityId, request: identity };
            const outcome = await writer.change("changeForecast", input, condition);
            if (!outcome.found)
              throw new Problem(404, outcome.missing === "city" ? NOT_FOUND_CITY : NOT_FOUND_FORECAST);
            return changed(wireForecast({ ...value, id, cityId: outcome.cityId }));
          },
        },
      },
    },
  ];
}

function listRoute(name: string, id: string, answers: z.ZodType, handler: Handler): Route {
  const summary = "All cities with all their values";
  const errors = { 400: "a query parameter is not valid", ...READ_ERRORS };
  return {
    template: `/${name}`,
    operations: { GET: { id, summary, tag: name, query: ListQuery, answers, errors, handler } },
  };
}

function readyForecast(model: ReadModel, id: number): ReadyBody | undefined {
  const json = model.forecastJson(id);
  return json && readyBytes(json);
}

/** Written by hand, because JSON.stringify does not support 64-bit integers. The order of the fields is that of the lists. */
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
