import { z } from "zod";
import type { ReadModel } from "../model/read-model.ts";
import { changed, preconditionOf, written } from "./answer.ts";
import { type BodyOptions, readJson } from "./json-body.ts";
import { CHANGE_ERRORS, ID_ERRORS, NOT_FOUND_CITY, Problem, READ_ERRORS, WRITE_ERRORS } from "./problem.ts";
import { type Lists, listHandler, type Reader, rowHandler } from "./reading.ts";
import type { Route } from "./route.ts";
import { CityInput, City as CitySchema, idFromPath, validatedBody } from "./schemas.ts";
import { requestIdentity, type Writer } from "./writing.ts";

export function cityRoutes(reader: Reader, lists: Lists, writer: Writer, bodies: BodyOptions): Route[] {
  return [
    {
      template: "/Cities",
      operations: {
        GET: {
          id: "listCities",
          summary: "All cities, by id",
          tag: "Cities",
          answers: z.array(CitySchema),
          tagged: true,
          errors: READ_ERRORS,
          handler: listHandler(reader, lists.cities, lists.open),
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
            const { name } = validatedBody(CityInput, await readJson(request, bodies));
            const identity = requestIdentity(request, name);
            const json = JSON.stringify({ id: 0, name });
            const { id } = await writer.add("addCity", { name, request: identity }, { json });
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
          tagged: true,
          errors: { ...ID_ERRORS, 404: NOT_FOUND_CITY, ...READ_ERRORS },
          handler: rowHandler(reader, cityJson, NOT_FOUND_CITY),
        },
        PUT: {
          id: "renameCity",
          summary: "Renames a city",
          tag: "Cities",
          body: CityInput,
          repeatable: true,
          answers: CitySchema,
          tagged: true,
          errors: { ...CHANGE_ERRORS, 404: NOT_FOUND_CITY },
          handler: async ({ request, parameter }) => {
            const id = idFromPath(parameter);
            const { name } = validatedBody(CityInput, await readJson(request, bodies));
            if (Number.isNaN(id)) throw new Problem(404, NOT_FOUND_CITY);
            const content = JSON.stringify({ id, name });
            const condition = preconditionOf(request, (model) => cityJson(model, id));
            const input = { id, name, request: requestIdentity(request, content) };
            const change = { json: content, before: reader.current?.cityJson(id) };
            const { found } = await writer.change("renameCity", input, change, condition);
            if (!found) throw new Problem(404, NOT_FOUND_CITY);
            return changed(content);
          },
        },
      },
    },
  ];
}

const cityJson = (model: ReadModel, id: number) => model.cityJson(id);
