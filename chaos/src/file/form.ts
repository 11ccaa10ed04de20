import * as z from "zod";

/** The part of JSON Schema that forms of files come to. */
export interface Form {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Form[];
  readonly oneOf?: readonly Form[];
  readonly items?: Form;
  readonly properties?: Readonly<Record<string, Form>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Form | boolean;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly default?: unknown;
  readonly description?: string;
}

/** The JSON Schema of what a person writes: what has a default may be left out, and other fields than these are refused. */
export function formOf(schema: z.ZodType): Form {
  return z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      if (jsonSchema.type === "object" && jsonSchema.properties) jsonSchema.additionalProperties ??= false;
    },
  }) as Form;
}

const optionsOf = ({ anyOf, oneOf }: Form): readonly Form[] | undefined => anyOf ?? oneOf;

/** For people: `a whole number from 1 to 9`. */
export function describe(form: Form): string {
  const options = optionsOf(form);
  if (options && options.length > 5) return "fields";
  if (options) return [...new Set(options.map(describe))].join(" or ");
  if (form.const !== undefined) return written(form.const);
  if (form.enum) return `one of ${form.enum.map(written).join(", ")}`;
  if (form.type === "array") return `a list${form.minItems ? " (not empty)" : ""} of ${describe(form.items ?? {})}`;
  if (form.type === "object" && form.properties) {
    const fields = Object.entries(form.properties);
    const isShort = fields.length <= 2;
    const names = fields.map(([name, field]) => {
      return `${name}${form.required?.includes(name) ? "" : "?"}${isShort ? `: ${describe(field)}` : ""}`;
    });
    return names.length > 6 ? "fields" : `{ ${names.join(", ")} }`;
  }
  const { type, format, minimum, maximum } = form;
  if (Array.isArray(type)) return type.map((each: string) => describe({ type: each })).join(" or ");
  if (type === "object") return "names with values";
  if (type === "number" || type === "integer") {
    const range = minimum === undefined || Math.abs(minimum) > 1e9 ? "" : ` from ${minimum}`;
    const to = maximum === undefined || maximum > 1e9 ? "" : ` to ${maximum}`;
    return `a ${type === "integer" ? "whole " : ""}number${range}${to}`;
  }
  if (type === "string") return format === "uri" ? "a URL" : "a text";
  return type === "boolean" ? "true or false" : String(type ?? "any JSON");
}

/** A value as a person would write it, in short. */
export function written(value: unknown): string {
  const isPlain = typeof value === "string" && /^[\w./-]+$/.test(value) && !/^(?:[\d.-]+|true|false|null)$/.test(value);
  const text = isPlain ? value : (JSON.stringify(value) ?? "nothing");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Of several forms the one that was meant: by its name in a field, or by its type. Undefined: none fits. */
function meant(form: Form, value: unknown): Form | undefined {
  const options = optionsOf(form);
  if (!options) return form;
  if (!isRecord(value))
    return options.find(({ type }) => type === (Array.isArray(value) ? "array" : typeof value)) ?? form;
  const objects = options.filter(({ properties }) => properties);
  const named = objects.filter(({ properties = {} }) =>
    Object.entries(properties).every(([name, field]) => field.const === undefined || field.const === value[name]),
  );
  const shared = ({ properties = {} }: Form): number => Object.keys(value).filter((name) => name in properties).length;
  return named.toSorted((one, other) => shared(other) - shared(one))[0];
}

export type Path = readonly (string | number)[];

/** The form at a place of a content, and what is written there. */
export function lookUp(form: Form, content: unknown, path: Path): { readonly form: Form; readonly value: unknown } {
  let found: Form | undefined = form;
  let value = content;
  for (const key of path) {
    const parent: Form = meant(found, value) ?? found;
    const named = (optionsOf(parent) ?? []).flatMap(({ properties }) => properties?.[key]?.const ?? []);
    const other = typeof parent.additionalProperties === "object" ? parent.additionalProperties : undefined;
    found =
      (typeof key === "number" ? parent.items : parent.properties?.[key]) ??
      other ??
      (named.length > 0 ? { enum: named } : {});
    value = isRecord(value) || Array.isArray(value) ? (value as Record<string | number, unknown>)[key] : undefined;
  }
  return { form: found, value };
}

export interface Unknown {
  readonly path: Path;
  readonly value: unknown;
  /** Where it is written, and no such field is. */
  readonly within: Form;
}

/** Fields that the form does not have. */
export function unknownFields(form: Form, value: unknown, path: Path = []): Unknown[] {
  const found = meant(form, value);
  if (found === undefined) return [];
  if (Array.isArray(value))
    return found.items ? value.flatMap((each, at) => unknownFields(found.items ?? {}, each, [...path, at])) : [];
  if (!isRecord(value)) return [];
  const { properties, additionalProperties } = found;
  return Object.entries(value).flatMap(([name, each]) => {
    const field = properties?.[name] ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    if (field) return unknownFields(field, each, [...path, name]);
    return properties && each !== undefined ? [{ path: [...path, name], value: each, within: found }] : [];
  });
}

/** What a person has probably meant by a field that is none: the same inside another field, or a similar name. */
export function suggestion({
  path,
  value,
  within: { properties = {} },
}: Unknown): { field: string; text: string } | undefined {
  const name = String(path.at(-1));
  for (const [field, form] of Object.entries(properties)) {
    if ([form, ...(optionsOf(form) ?? [])].some((option) => option.properties?.[name]))
      return { field, text: `${field}: { ${name}: ${written(value)} }` };
  }
  const similar = nearest(name, Object.keys(properties));
  return similar === undefined ? undefined : { field: similar, text: similar };
}

/** @returns undefined where none is similar */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((each) => ({ each, distance: distance(name.toLowerCase(), each.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance);
  return best && best.distance <= Math.max(name.length > 3 ? 2 : 1, Math.floor(name.length / 3))
    ? best.each
    : undefined;
}

/** Levenshtein's: how many letters to change, add or leave out. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (const [column, otherLetter] of [...other].entries())
      next.push(
        Math.min(
          (row[column] ?? 0) + (letter === otherLetter ? 0 : 1),
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** Rows of a table in docs: each field with what it takes, its default and its meaning. Fields of `skip` are not gone into. */
export function fieldRows(form: Form, skip: readonly string[] = [], before = ""): string[][] {
  const options = optionsOf(form) ?? [form];
  return options.flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties).flatMap(([name, field]) => {
      const list = field.type === "array" ? "[]" : "";
      const place = `${before}${name}${list}`;
      const fallback =
        field.default === undefined
          ? required.includes(name)
            ? "needed"
            : ""
          : `\`${JSON.stringify(field.default)}\``;
      const isDeep = /^`(?:\{|\[\])/.test(fallback);
      const row = [
        `\`${place}\``,
        describe(field),
        isDeep ? "" : fallback,
        field.description ?? field.items?.description ?? "",
      ];
      const inner = skip.includes(place) ? [] : fieldRows(field.items ?? field, skip, `${place}.`);
      return [row.map((cell) => cell.replaceAll("|", "\\|")), ...inner];
    }),
  );
}
