import { z } from "zod";
import type { Operation, Route } from "./route.ts";
import { ProblemBody } from "./schemas.ts";

/** The OpenAPI 3.1 document of the routes, from the schemas that validate requests. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const components: Record<string, object> = {};
  const schema = (type: z.ZodType): object => jsonSchema(type, components);
  const paths = Object.fromEntries(
    routes.map(({ template, operations }) => [
      template,
      {
        ...(template.includes("{id}") ? { parameters: [ID_PARAMETER] } : {}),
        ...Object.fromEntries(
          Object.entries(operations).map(([method, operation]) => [method.toLowerCase(), describe(operation, schema)]),
        ),
      },
    ]),
  );
  return {
    openapi: "3.1.0",
    info: {
      title: "Goldenring Weather API",
      version,
      description:
        "The weather of the Golden Ring of Russia. Paths match without regard to case, with or without a slash at the end.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: [{ name: "Cities" }, { name: "Forecast" }, { name: "WeatherForecast" }, { name: "Operations" }],
    paths,
    components: { schemas: components },
  };
}

const ID_PARAMETER = {
  name: "id",
  in: "path",
  required: true,
  schema: { type: "integer", format: "int64" },
} as const;

const KEY_PARAMETER = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "Makes the request safe to send again: with the same key and the same content it is done once and gets the same answer. Use a UUID.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
} as const;

function describe(operation: Operation, schema: (type: z.ZodType) => object): object {
  const { body, query, repeatable, answers } = operation;
  const parameters = [...(query ? queryParameters(query) : []), ...(repeatable ? [KEY_PARAMETER] : [])];
  const content =
    answers === "text/plain"
      ? { "text/plain": { schema: { type: "string" } } }
      : answers === "application/openapi+json"
        ? { "application/json": { schema: { type: "object" } } }
        : { "application/json": { schema: schema(answers) } };
  const errors = Object.entries(operation.errors ?? {}).map(([status, description]) => [
    status,
    { description, content: { "application/problem+json": { schema: schema(ProblemBody) } } },
  ]);
  return {
    summary: operation.summary,
    tags: [operation.tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: { "application/json": { schema: schema(body) } } } } : {}),
    responses: { 200: { description: "Success", content }, ...Object.fromEntries(errors) },
  };
}

function queryParameters(query: z.ZodObject): object[] {
  const { properties = {} } = jsonSchema(query, undefined) as { properties?: Record<string, { description?: string }> };
  return Object.entries(properties).map(([name, { description, ...shape }]) => ({
    name,
    in: "query",
    description,
    schema: shape,
  }));
}

/** JSON Schema 2020-12, which OpenAPI 3.1 uses. Schemas with an id become components where `components` is given. */
function jsonSchema(type: z.ZodType, components: Record<string, object> | undefined): object {
  const { $schema, $defs, ...rest } = z.toJSONSchema(type, {
    io: "input",
    unrepresentable: "any",
    reused: "inline",
    override: ({ zodSchema, jsonSchema }) =>
      useShape(zodSchema as unknown as z.ZodType, jsonSchema as Record<string, unknown>),
  }) as Record<string, unknown> & { $defs?: Record<string, object> };
  if (!components) return rest;
  const id = z.globalRegistry.get(type)?.id;
  for (const [name, definition] of Object.entries($defs ?? {})) components[name] = rebased(definition);
  if (id === undefined) return rebased(rest);
  if (!("$ref" in rest)) components[id] = rebased(rest);
  return { $ref: `#/components/schemas/${id}` };
}

/** `shape` in a schema's metadata replaces its validating form in the document. */
function useShape(type: z.ZodType, json: Record<string, unknown>): void {
  const shape = z.globalRegistry.get(type)?.shape;
  if (shape && typeof shape === "object") {
    for (const key of ["anyOf", "oneOf", "allOf", "type", "pattern", "minimum", "maximum", "format"]) delete json[key];
    Object.assign(json, shape);
  }
  delete json.shape;
  delete json.id;
}

function rebased(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll("#/$defs/", "#/components/schemas/")) as object;
}
