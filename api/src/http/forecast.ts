import { z } from "zod";
import type { ReadModel } from "../model/read-model.ts";
import { changed, preconditionOf, written } from "./answer.ts";
import { type BodyOptions, readJson } from "./json-body.ts";
import {
  CHANGE_ERRORS,
  ID_ERRORS,
  NOT_FOUND_CITY,
  NOT_FOUND_FORECAST,
  Problem,
  READ_ERRORS,
  WRITE_ERRORS,
} from "./problem.ts";
import { type Lists, listHandler, type Reader, rowHandler } from "./reading.ts";
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

export function forecastRoutes(reader: Reader, lists: Lists, writer: Writer, bodies: BodyOptions): Route[] {
  return [
    listRoute("WeatherForecast", "listWeather", z.array(CityWeather), listHandler(reader, lists.weather, lists.open)),
    listRoute("Forecast", "listForecasts", z.array(CityForecast), listHandler(reader, lists.forecast, lists.open)),
    {
      template: "/Forecast/{id}",
      operations: {
        GET: {
          id: "getForecast",
          summary: "One value",
          tag: "Forecast",
          answers: Forecast,
          tagged: true,
          errors: { ...ID_ERRORS, 404: NOT_FOUND_FORECAST, ...READ_ERRORS },
          handler: rowHandler(reader, forecastJson, NOT_FOUND_FORECAST),
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
            const value = validatedBody(NewForecast, await readJson(request, bodies));
            if (Number.isNaN(cityId)) throw new Problem(404, NOT_FOUND_CITY);
            const json = wireForecast({ ...value, id: 0, cityId });
            const identity = requestIdentity(request, json);
            const added = await writer.add("addForecast", { ...value, cityId, request: identity }, { json });
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
          tagged: true,
          errors: { ...CHANGE_ERRORS, 404: `${NOT_FOUND_FORECAST}, or ${NOT_FOUND_CITY}` },
          handler: async ({ request, parameter }) => {
            const id = idFromPath(parameter);
            const value = validatedBody(ChangedForecast, await readJson(request, bodies));
            if (Number.isNaN(id)) throw new Problem(404, NOT_FOUND_FORECAST);
            const cityId = value.cityId === null ? null : Number(value.cityId);
            if (cityId !== null && !Number.isSafeInteger(cityId)) throw new Problem(404, NOT_FOUND_CITY);
            const json = wireForecast({ ...value, id, cityId: cityId ?? 0 });
            const input = { ...value, id, cityId, request: requestIdentity(request, json) };
            const change = { json, before: reader.current?.forecastJson(id) };
            const condition = preconditionOf(request, (model) => forecastJson(model, id));
            const outcome = await writer.change("changeForecast", input, change, condition);
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
    operations: { GET: { id, summary, tag: name, query: ListQuery, answers, tagged: true, errors, handler } },
  };
}

const forecastJson = (model: ReadModel, id: number) => model.forecastJson(id);

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
