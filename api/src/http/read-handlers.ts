import type { Block } from "../model/block.ts";
import { type CityShape, type ListBody, ListCache } from "../model/list-body.ts";
import type { ReadModel } from "../model/read-model.ts";
import { negotiateEncoding } from "./accept-encoding.ts";
import { answer, madeToOrder, momentHeaders, type ReadyBody, readyBody } from "./answer.ts";
import { Problem } from "./problem.ts";
import type { Reader } from "./reading.ts";
import type { Handler } from "./route.ts";
import { idFromPath, type ListQuery, validatedQuery } from "./schemas.ts";

/** Answers one row, by the id in the path. */
export function rowHandler(
  reader: Reader,
  bodyOf: (model: ReadModel, id: number) => ReadyBody | undefined,
  missing: string,
): Handler {
  return ({ request, parameter }) => {
    const id = idFromPath(parameter);
    return reader.read(({ model, moment }) => {
      const body = bodyOf(model, id);
      if (!body) throw new Problem(404, missing, { headers: momentHeaders(moment) });
      return answer(request, body, moment);
    });
  };
}

/** Answers a list: from the ready bodies, or built for this request when the query narrows it. */
export function listHandler(reader: Reader, shape: CityShape): Handler {
  const cache = new ListCache(shape);
  const ready = new WeakMap<ListBody, ReadyBody>();
  return ({ request, query }) => {
    const narrowed = query === "" ? undefined : queryOf(query);
    return reader.read(async ({ model, moment }) => {
      const encoding = negotiateEncoding(request.headers.get("accept-encoding"));
      if (narrowed)
        return answer(request, await madeToOrder([...narrowedChunks(model, shape, narrowed)], encoding), moment);
      const body = await cache.body(model, encoding);
      let made = ready.get(body);
      if (!made) {
        made = readyBody(body, encoding);
        ready.set(body, made);
      }
      return answer(request, made, moment);
    });
  };
}

function queryOf(query: string): ListQuery | undefined {
  const parsed = validatedQuery(query);
  return Object.values(parsed).some((value) => value !== undefined) ? parsed : undefined;
}

function* narrowedChunks(model: ReadModel, shape: CityShape, query: ListQuery): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const only = query.cityId === undefined ? undefined : model.city(Number(query.cityId));
  const cities = query.cityId === undefined ? model.cities : only ? [only] : [];
  yield encoder.encode("[");
  for (const [index, city] of cities.entries()) {
    yield encoder.encode((index === 0 ? "" : ",") + shape(city));
    let first = true;
    for (const run of matchingRuns(model.blocksOf(city.id), query)) {
      if (!first) yield COMMA;
      first = false;
      yield run;
    }
    yield encoder.encode("]}");
  }
  yield encoder.encode("]");
}

/** The JSON of the matching values, as long runs of neighbours: views of the model's bytes, without a copy. */
function* matchingRuns(
  blocks: readonly Block[],
  { from, to, limit = Number.POSITIVE_INFINITY }: ListQuery,
): Generator<Uint8Array> {
  let left = limit;
  for (const block of blocks) {
    for (let at = 0; at < block.rows && left > 0; at += 1) {
      const start = at;
      while (at < block.rows && left > 0 && within(block.times[at], from, to)) {
        at += 1;
        left -= 1;
      }
      if (at > start) yield block.jsonBetween(start, at);
    }
  }
}

function within(time: bigint | undefined, from: bigint | undefined, to: bigint | undefined): boolean {
  return time !== undefined && (from === undefined || time >= from) && (to === undefined || time < to);
}

const COMMA = new TextEncoder().encode(",");
