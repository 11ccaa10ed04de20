import type { FormCache } from "../model/form-cache.ts";
import { List, selectedBody } from "../model/list.ts";
import type { ReadModel } from "../model/read-model.ts";
import { type CityShape, FORECAST_SHAPE, type Selection, WEATHER_SHAPE } from "../model/render.ts";
import { negotiateListEncoding } from "./accept-encoding.ts";
import { answer, momentHeaders, readyList, rowBody } from "./answer.ts";
import { OpenAnswers } from "./open-answers.ts";
import { Problem } from "./problem.ts";
import type { Reader } from "./reading.ts";
import type { Handler } from "./route.ts";
import { idFromPath, validatedQuery } from "./schemas.ts";

/** Answers one row, by the id in the path. */
export function rowHandler(
  reader: Reader,
  jsonOf: (model: ReadModel, id: number) => Uint8Array | undefined,
  missing: string,
): Handler {
  return ({ request, parameter }) => {
    const id = idFromPath(parameter);
    return reader.read(({ model, moment }) => {
      const json = jsonOf(model, id);
      if (!json) throw new Problem(404, missing, { headers: momentHeaders(moment) });
      return answer(request, rowBody(json), moment);
    });
  };
}

/** What the list answers of one service share. */
export class Lists {
  readonly cities: List;
  readonly forecast: List;
  readonly weather: List;
  readonly open: OpenAnswers;

  constructor(cache: FormCache, answersBytes: () => number, onCut: () => void, onMade: (bytes: number) => void) {
    this.cities = List.ofCities(cache);
    this.forecast = List.ofForecasts(cache, FORECAST_SHAPE);
    this.weather = List.ofForecasts(cache, WEATHER_SHAPE);
    const all = [this.cities, this.forecast, this.weather];
    this.open = new OpenAnswers(answersBytes, () => all, onCut, onMade);
  }
}

/** Answers a list: what is ready of it, or made for this request when the query narrows it. */
export function listHandler(reader: Reader, list: List, open: OpenAnswers, shape?: CityShape): Handler {
  return ({ request, query }) => {
    const selection = query === "" || !shape ? undefined : queryOf(query);
    return reader.read(({ model, moment }) => {
      const encoding = negotiateListEncoding(request.headers.get("accept-encoding"));
      const body = selection && shape ? selectedBody(model, shape, selection, encoding) : list.body(model, encoding);
      return body instanceof Promise
        ? body.then((made) => answer(request, readyList(made, open), moment))
        : answer(request, readyList(body, open), moment);
    });
  };
}

function queryOf(query: string): Selection | undefined {
  const { cityId, ...others } = validatedQuery(query);
  if (cityId === undefined && Object.values(others).every((value) => value === undefined)) return undefined;
  return { ...others, cityId: cityId === undefined ? undefined : Number(cityId) };
}
