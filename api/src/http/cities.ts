import { gzipSync, zstdCompressSync } from "node:zlib";
import { z } from "zod";
import { checksumOf } from "../model/crc32.ts";
import type { EncodingName } from "../model/encodings.ts";
import { concatenated } from "../model/list-body.ts";
import type { City, ReadModel } from "../model/read-model.ts";
import { negotiateEncoding } from "./accept-encoding.ts";
import { answer, changed, ifMatch, type ReadyBody, readyBody, readyBytes, written } from "./answer.ts";
import { readJson } from "./json-body.ts";
import { CHANGE_ERRORS, ID_ERRORS, NOT_FOUND_CITY, Problem, READ_ERRORS, WRITE_ERRORS } from "./problem.ts";
import { rowHandler } from "./read-handlers.ts";
import type { Reader } from "./reading.ts";
import type { Route } from "./route.ts";
import { CityInput, City as CitySchema, idFromPath, validatedBody } from "./schemas.ts";
import { requestIdentity, type Writer } from "./writing.ts";

export function cityRoutes(reader: Reader, writer: Writer, bodyLimit: number): Route[] {
  const lists = new CityListCache();
  const readyCities = new WeakMap<City, ReadyBody>();
  const readyCity = (model: ReadModel, id: number): ReadyBody | undefined => {
    const city = model.city(id);
    if (!city) return undefined;
    const ready = readyCities.get(city) ?? readyBytes(city.json);
    readyCities.set(city, ready);
    return ready;
  };
  return [
    {
      template: "/Cities",
      operations: {
        GET: {
          id: "listCities",
          summary: "All cities, by id",
          tag: "Cities",
          answers: z.array(CitySchema),
          errors: READ_ERRORS,
          handler: ({ request }) =>
            reader.read(({ model, moment }) => {
              const encoding = negotiateEncoding(request.headers.get("accept-encoding"));
              return answer(request, lists.body(model.cities, encoding), moment);
            }),
        },
        POST: {
          id: "addCity",
          summary: "Adds a city",
          tag: "Cities",
          body: CityInput,
          repeatable: true,
          answers: CitySchema,
          errors: WRITE_ERRORS,
          handler: async ({ request }) => {
            const { name } = validatedBody(CityInput, await readJson(request, bodyLimit));
            const { id } = await writer.add("addCity", { name, request: requestIdentity(request, name) });
            return written(JSON.stringify({ id, name }));
          },
        },
      },
    },
    {
      template: "/Cities/{id}",
      operations: {
        GET: {
          id: "getCity",
          summary: "One city",
          tag: "Cities",
          answers: CitySchema,
          errors: { ...ID_ERRORS, 404: NOT_FOUND_CITY, ...READ_ERRORS },
          handler: rowHandler(reader, readyCity, NOT_FOUND_CITY),
        },
        PUT: {
          id: "renameCity",
          summary: "Renames a city",
          tag: "Cities",
          body: CityInput,
          repeatable: true,
          answers: CitySchema,
          conditional: true,
          errors: { ...CHANGE_ERRORS, 404: NOT_FOUND_CITY },
          handler: async ({ request, parameter }) => {
            const id = idFromPath(parameter);
            const { name } = validatedBody(CityInput, await readJson(request, bodyLimit));
            if (Number.isNaN(id)) throw new Problem(404, NOT_FOUND_CITY);
            const content = JSON.stringify({ id, name });
            const identity = requestIdentity(request, content);
            const condition = ifMatch(request, (model) => readyCity(model, id));
            const { found } = await writer.change("renameCity", { id, name, request: identity }, condition);
            if (!found) throw new Problem(404, NOT_FOUND_CITY);
            return changed(content);
          },
        },
      },
    },
  ];
}

/** The list of cities, ready in each encoding until a city changes. */
class CityListCache {
  #cities: readonly City[] | undefined;
  readonly #ready = new Map<EncodingName, ReadyBody>();

  body(cities: readonly City[], encoding: EncodingName): ReadyBody {
    if (this.#cities !== cities) {
      this.#cities = cities;
      this.#ready.clear();
    }
    let ready = this.#ready.get(encoding);
    if (!ready) {
      const json = listOf(cities);
      const bytes = encoding === "identity" ? json : encoding === "gzip" ? gzipSync(json) : zstdCompressSync(json);
      ready = readyBody({ chunks: [bytes], length: bytes.length, checksum: checksumOf(json) }, encoding);
      this.#ready.set(encoding, ready);
    }
    return ready;
  }
}

function listOf(cities: readonly City[]): Uint8Array {
  const parts = cities.flatMap((city, index) => (index === 0 ? [city.json] : [COMMA, city.json]));
  return concatenated([OPEN, ...parts, CLOSE]);
}

const OPEN = new TextEncoder().encode("[");
const COMMA = new TextEncoder().encode(",");
const CLOSE = new TextEncoder().encode("]");
