import { z } from "zod";
import { isRateLimited } from "./access.ts";
import { NO_KEY, TOO_MANY_REQUESTS } from "./problem.ts";
import type { Operation, Route } from "./route.ts";
import { ProblemBody } from "./schemas.ts";

export type OpenApiVersion = "3.1.1" | "3.0.3";

/**
 * The OpenAPI document of the routes, from the schemas that validate requests. Most generators of clients understand 3.0
 * alone or better than 3.1; it is made from the document of 3.1.
 */
export function openApiDocument(routes: readonly Route[], version: string, openapi: OpenApiVersion): object {
  const components: Record<string, object> = {};
  const schema = (type: z.ZodType): object => jsonSchema(type, components);
  const paths = routes.map(({ template, operations }) => {
    const described = Object.entries(operations).map(([method, operation]) => {
      return [method.toLowerCase(), describe(operation, isRateLimited(template), schema)];
    });
    const parameters = template.includes("{id}") ? { parameters: [ID_PARAMETER] } : {};
    return [template, { ...parameters, ...Object.fromEntries(described) }];
  });
  const document = {
    openapi,
    info: { title: "Goldenring Weather API", version, description: DESCRIPTION, license: { name: "MIT" } },
    servers: [{ url: "/" }],
    tags: [{ name: "Cities" }, { name: "Forecast" }, { name: "WeatherForecast" }, { name: "Operations" }],
    paths: Object.fromEntries(paths),
    components: { schemas: components },
  };
  return openapi === "3.0.3" ? (asOpenApi30(document) as object) : document;
}

const DESCRIPTION = `The weather of the Golden Ring of Russia. Paths match without regard to case, with or without a slash at the end.

Ids and \`dateTime\` are integers of 64 bits, and the API keeps every digit. JavaScript does not: browsers round numbers above
2^53 (9007199254740992), and so does this page in what it sends and shows.

Generators of clients that do not understand OpenAPI 3.1 take [the same document in 3.0.3](/swagger/v1/swagger-3.0.json).`;

const ID_PARAMETER = {
  name: "id",
  in: "path",
  required: true,
  schema: { type: "integer", format: "int64", examples: [1] },
} as const;

const headerParameter = (name: string, description: string, limits: object = {}) => {
  return { name, in: "header", required: false, description, schema: { type: "string", ...limits } };
};

const KEY_PARAMETER = headerParameter(
  "Idempotency-Key",
  "Makes the request safe to send again: with the same key and the same content it is done once and gets the same answer. Use a UUID.",
  { minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
);

const IF_MATCH_PARAMETER = headerParameter(
  "If-Match",
  "The ETag of what the change was made from: if it is another one by now, nothing is changed (412).",
);

const header = (description: string, type = "string") => ({ description, schema: { type } });

const ETAG = header("Names this state of the content.");
const RETRY_AFTER = { "Retry-After": header("Seconds after which the same request may succeed.", "integer") };

const READ_HEADERS = {
  ETag: ETAG,
  Warning: header('`110 - "Response is Stale"` where the database did not confirm the answer.'),
  Age: header("Of such an answer: seconds since it was confirmed.", "integer"),
};

/** By the status of an error. */
const ERROR_HEADERS: Readonly<Record<string, object>> = {
  401: { "WWW-Authenticate": header("How to give a key.") },
  415: { Accept: header("The type that is taken."), "Accept-Encoding": header("The encoding that is taken.") },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

function describe(operation: Operation, isLimited: boolean, schema: (type: z.ZodType) => object): object {
  const { id, summary, tag, body, query, repeatable, tagged, answers } = operation;
  const parameters = [
    ...(query ? queryParameters(query) : []),
    ...(repeatable ? [KEY_PARAMETER] : []),
    ...(tagged && body ? [IF_MATCH_PARAMETER] : []),
  ];
  const text = { "text/plain": { schema: { type: "string" } } };
  const problem = { "application/problem+json": { schema: schema(ProblemBody) } };
  const json = () => ({
    "application/json": { schema: answers instanceof z.ZodType ? schema(answers) : { type: "object" } },
  });
  const isText = answers === "text/plain";
  const headers = tagged ? { headers: body ? { ETag: ETAG } : READ_HEADERS } : {};
  const isRead = tagged && !body;
  const errors = Object.entries({
    ...operation.errors,
    ...(body ? { 401: `with API_KEYS: ${NO_KEY}` } : {}),
    ...(isLimited ? { 429: `with a rate limit: ${TOO_MANY_REQUESTS}` } : {}),
  }).map(([status, description]) => {
    if (isText && status !== "429") return [status, { description, content: text }];
    const ofStatus = ERROR_HEADERS[status];
    return [status, { description, ...(ofStatus && { headers: ofStatus }), content: problem }];
  });
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: requestBody(body, schema) } : {}),
    responses: {
      200: { description: "Success", ...headers, content: isText ? text : json() },
      ...(isRead ? { 304: { description: "the content is still what If-None-Match names", ...headers } } : {}),
      ...Object.fromEntries(errors),
    },
  };
}

/** With an example, which Swagger UI sends if its user does not write another body. */
function requestBody(body: z.ZodType, schema: (type: z.ZodType) => object): object {
  const example = z.globalRegistry.get(body)?.examples;
  return {
    required: true,
    content: {
      "application/json": { schema: schema(body), ...(Array.isArray(example) ? { example: example[0] } : {}) },
    },
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

/** `shape` in a schema's metadata replaces its validating form in the document, and `required` an object's list. */
function useShape(type: z.ZodType, json: Record<string, unknown>): void {
  const { shape, required } = z.globalRegistry.get(type) ?? {};
  if (shape && typeof shape === "object") {
    for (const key of ["anyOf", "oneOf", "allOf", "type", "pattern", "minimum", "maximum", "format"]) delete json[key];
    Object.assign(json, shape);
  }
  if (required) json.required = required;
  delete json.shape;
  delete json.id;
  delete json.propertyNames;
}

function rebased(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll("#/$defs/", "#/components/schemas/")) as object;
}

/** OpenAPI 3.0 has `nullable` instead of the type null, and one `example`. */
function asOpenApi30(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(asOpenApi30);
  if (typeof part !== "object" || part === null) return part;
  const { type, examples, ...rest } = part as Record<string, unknown>;
  const types: unknown[] = Array.isArray(type) ? type : [];
  return {
    ...(type === undefined ? {} : { type: types.find((name) => name !== "null") ?? asOpenApi30(type) }),
    ...(types.includes("null") ? { nullable: true } : {}),
    ...(Array.isArray(examples) ? { example: examples[0] } : {}),
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, asOpenApi30(value)])),
  };
}
