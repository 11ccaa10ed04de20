export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Checks a JSON text against the part of JSON Schema 2020-12 that the API's document uses; a keyword that is not known
 * here throws, so that nothing passes unchecked. Takes the text, because 64-bit numbers do not survive JSON.parse.
 *
 * @returns what is wrong, with the place; empty when the text fits
 */
export function mistakesIn(json: string, schema: JsonSchema, document: object): readonly string[] {
  const value: unknown = JSON.parse(json, (_key, parsed: unknown, context?: { readonly source?: string }) =>
    typeof parsed === "number" && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context?.source ?? "") : parsed,
  );
  return [...check(value, schema, "$", document)];
}

type Check = (value: unknown, by: never, schema: JsonSchema) => boolean;

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  integer: (value) => typeof value === "bigint" || Number.isInteger(value),
  number: (value) => typeof value === "bigint" || typeof value === "number",
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

const isNumber = (value: unknown): value is number | bigint => typeof value === "number" || typeof value === "bigint";
/** Formats bound numbers and leave other types alone. */
const FORMATS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (value, by: string | readonly string[]) => [by].flat().some((type) => TYPES[type]?.(value) ?? false),
  format: (value, by: string) => {
    const range = FORMATS[by];
    if (!range) throw new Error(`unknown format: ${by}`);
    return !isNumber(value) || (value >= range[0] && value <= range[1]);
  },
  minimum: (value, by: number) => !isNumber(value) || value >= by,
  maximum: (value, by: number) => !isNumber(value) || value <= by,
  pattern: (value, by: string) => typeof value !== "string" || new RegExp(by, "u").test(value),
  minLength: (value, by: number) => typeof value !== "string" || [...value].length >= by,
  maxLength: (value, by: number) => typeof value !== "string" || [...value].length <= by,
  required: (value, by: readonly string[]) =>
    !TYPES.object?.(value) || by.every((name) => Object.hasOwn(value as object, name)),
};
const NOTES = new Set(["description", "examples", "title", "$schema"]);

function* check(value: unknown, schema: JsonSchema, place: string, document: object): Generator<string> {
  for (const [keyword, by] of Object.entries(schema)) {
    if (NOTES.has(keyword)) continue;
    if (keyword === "$ref") yield* check(value, resolved(String(by), document), place, document);
    else if (keyword === "items") {
      if (Array.isArray(value))
        for (const [index, item] of value.entries())
          yield* check(item, by as JsonSchema, `${place}[${index}]`, document);
    } else if (keyword === "properties") {
      if (TYPES.object?.(value))
        for (const [name, property] of Object.entries(by as Readonly<Record<string, JsonSchema>>))
          if (Object.hasOwn(value as object, name))
            yield* check((value as Record<string, unknown>)[name], property, `${place}.${name}`, document);
    } else if (keyword === "additionalProperties" || keyword === "propertyNames") {
      if (TYPES.object?.(value)) yield* checkOthers(value as Record<string, unknown>, keyword, schema, place, document);
    } else {
      const holds = KEYWORDS[keyword];
      if (!holds) throw new Error(`unknown keyword at ${place}: ${keyword}`);
      if (!holds(value, by as never, schema)) yield `${place}: ${keyword} ${JSON.stringify(by)}`;
    }
  }
}

function* checkOthers(
  value: Record<string, unknown>,
  keyword: string,
  schema: JsonSchema,
  place: string,
  root: object,
) {
  const known = Object.keys((schema.properties as object | undefined) ?? {});
  const by = schema[keyword];
  for (const [name, other] of Object.entries(value)) {
    if (keyword === "propertyNames") yield* check(name, by as JsonSchema, `${place}.${name}`, root);
    else if (known.includes(name)) continue;
    else if (by === false) yield `${place}.${name}: ${keyword} false`;
    else if (typeof by === "object") yield* check(other, by as JsonSchema, `${place}.${name}`, root);
  }
}

function resolved(reference: string, document: object): JsonSchema {
  let found: unknown = document;
  for (const name of reference.split("/").slice(1)) found = (found as Record<string, unknown> | undefined)?.[name];
  if (typeof found !== "object" || found === null) throw new Error(`${reference} leads nowhere`);
  return found as JsonSchema;
}
