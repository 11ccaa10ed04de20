import { z } from "zod";
import { type FieldErrors, ID_ERRORS, Problem } from "./problem.ts";

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const;
const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 } as const;

/**
 * How a schema appears in the OpenAPI documents, which cannot express the validating form. Digits in a string and missing
 * numbers are accepted for the sake of the original's clients, and are not shown: generated clients send numbers.
 */
const int64Shape = { type: "integer", format: "int64" } as const;
const int32Shape = { type: "integer", format: "int32", minimum: INT32.min, maximum: INT32.max } as const;

/** Tells the client why a field is not valid. */
class Mistake {
  constructor(readonly message: string) {}
}

type Parse<T> = (value: unknown) => T | Mistake;

/** A field with one parse function: every write passes these, and a chain of checks costs five times as much. */
function field<T>(parse: Parse<T>, input: z.ZodType = z.unknown()) {
  return input.transform((value, context): T => {
    const result = parse(value);
    if (!(result instanceof Mistake)) return result;
    context.issues.push({ code: "custom", message: result.message, input: value });
    return z.NEVER;
  });
}

/** A field that may be missing or null; null in both cases. */
function optionalField<T>(parse: Parse<T>) {
  return field((value) => (value === undefined || value === null ? null : parse(value)), z.unknown().optional());
}

/** A number that is `zero` where it is missing, as in the original service. */
function numberField<T>(parse: Parse<T>, zero: T) {
  return field((value) => (value === undefined ? zero : parse(value)), z.unknown().optional());
}

const NOT_INT64 = new Mistake("must be a whole number of at most 64 bits");
const NOT_IN_DIGITS = new Mistake(
  "must be written as digits alone, such as 10000000000000000: above 2^53 a number with an exponent or a fraction may be rounded",
);
const NOT_INT32 = new Mistake("must be a whole number of at most 32 bits");

/** A whole number of 64 bits: a JSON number, or its digits as a string, as the original service accepted. */
function int64(value: unknown): bigint | Mistake {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return BigInt(value);
    return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? NOT_IN_DIGITS : NOT_INT64;
  }
  if (typeof value !== "bigint" && !(typeof value === "string" && /^-?\d{1,19}$/.test(value))) return NOT_INT64;
  const number = BigInt(value);
  return number >= INT64.min && number <= INT64.max ? number : NOT_INT64;
}

function int32(value: unknown): number | Mistake {
  if (typeof value !== "number" && !(typeof value === "string" && /^-?\d{1,10}$/.test(value))) return NOT_INT32;
  const number = Number(value);
  return Number.isInteger(number) && number >= INT32.min && number <= INT32.max ? number : NOT_INT32;
}

/** Text that PostgreSQL can store: no NUL, no half of a surrogate pair. */
function text(value: unknown): string | Mistake {
  if (typeof value !== "string") return new Mistake("must be a string");
  if (value.includes("\0")) return new Mistake("must not contain NUL characters");
  return value.isWellFormed() ? value : new Mistake("must be well-formed Unicode");
}

const MAX_NAME_LENGTH = 255;

function name(value: unknown): string | Mistake {
  if (value === undefined) return new Mistake("is required");
  const result = text(value);
  if (result instanceof Mistake) return result;
  const fits = result.length > 0 && (result.length <= MAX_NAME_LENGTH || [...result].length <= MAX_NAME_LENGTH);
  if (!fits) return new Mistake(`must have 1 to ${MAX_NAME_LENGTH} characters`);
  if (!/\S/.test(result)) return new Mistake("must not consist of spaces only");
  return /\p{Cc}/u.test(result) ? new Mistake("must not contain control characters") : result;
}

/**
 * The body of a write.
 *
 * @param required the fields that the document requires: more than the API does, which has leniency for the original's clients
 */
function input<Shape extends z.ZodRawShape>(
  id: string,
  description: string,
  example: object,
  required: readonly string[],
  shape: Shape,
) {
  return z.object(shape, { error: "must be an object" }).meta({ id, description, required, examples: [example] });
}

/** No control characters, and not only spaces. */
const NAME_PATTERN = "^[^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$";
const TEXT_PATTERN = "^[^\\x00]*$";

const TOWN = { name: "Плёс" } as const;

export const CityInput = input("CityInput", "An `id` may be present and is ignored.", TOWN, ["name"], {
  name: field(name).meta({
    shape: { type: "string", minLength: 1, maxLength: MAX_NAME_LENGTH, pattern: NAME_PATTERN },
    examples: [TOWN.name],
  }),
});

const EXAMPLE = { dateTime: 1_795_000_000_000, temperature: -7, summary: "Snow" } as const;

const forecastFields = {
  dateTime: numberField(int64, 0n).meta({
    shape: int64Shape,
    description: "Unix time in seconds or milliseconds; stored as sent.",
    examples: [EXAMPLE.dateTime],
  }),
  temperature: numberField(int32, 0).meta({
    shape: int32Shape,
    description: "Degrees Celsius.",
    examples: [EXAMPLE.temperature],
  }),
  summary: optionalField(text).meta({
    shape: { type: ["string", "null"], pattern: TEXT_PATTERN },
    examples: [EXAMPLE.summary],
  }),
};

const REQUIRED = ["dateTime", "temperature"];
const IGNORED = "`id` and `cityId` may be present and are ignored.";
const ID_IGNORED = "An `id` may be present and is ignored: the path's id counts.";

export const NewForecast = input("NewForecast", IGNORED, EXAMPLE, REQUIRED, forecastFields);

export const ChangedForecast = input("ChangedForecast", ID_IGNORED, EXAMPLE, REQUIRED, {
  cityId: optionalField(int64).meta({
    shape: { ...int64Shape, type: ["integer", "null"] },
    description: "Moves the value to another city. Missing or null leaves it where it is.",
    examples: [1],
  }),
  ...forecastFields,
});

const answerInt64 = (example: number) => z.int().meta({ shape: int64Shape, examples: [example] });
const answerText = z.string();
const answerName = answerText.meta({ examples: ["Ярославль"] });

export const City = z.object({ id: answerInt64(5), name: answerName }).meta({ id: "City" });

export const Forecast = z
  .object({
    id: answerInt64(1),
    cityId: answerInt64(5),
    dateTime: answerInt64(EXAMPLE.dateTime),
    temperature: z.int32().meta({ shape: int32Shape, examples: [EXAMPLE.temperature] }),
    summary: answerText.nullable().meta({ shape: { type: ["string", "null"] }, examples: [EXAMPLE.summary] }),
  })
  .meta({ id: "Forecast" });

export const CityForecast = z.object({ city: City, forecast: z.array(Forecast) }).meta({ id: "CityForecast" });

export const CityWeather = z
  .object({ id: answerInt64(5), name: answerName, forecast: z.array(Forecast) })
  .meta({ id: "CityWeather" });

export const ProblemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().meta({ shape: { type: "integer", format: "int32" } }),
    detail: z.string(),
    errors: z.record(z.string(), z.array(z.string())).optional(),
    requestId: z.string(),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details." });

const wholeNumber = (max: bigint | number) =>
  z
    .string()
    .regex(/^-?\d{1,19}$/, { error: "must be a whole number, written as digits alone" })
    .transform((value) => BigInt(value))
    .refine((value) => value >= INT64.min && value <= BigInt(max), { error: "is out of range" });

const queryInt64 = (description: string) => wholeNumber(INT64.max).optional().meta({ shape: int64Shape, description });

const MAX_LIMIT = 1_000_000_000;

/** Query parameters of the two lists, which the original service does not have. */
export const ListQuery = z.strictObject({
  cityId: queryInt64("Only this city."),
  from: queryInt64("Only values whose `dateTime` is at or after this."),
  to: queryInt64("Only values whose `dateTime` is before this."),
  limit: wholeNumber(MAX_LIMIT)
    .refine((value) => value >= 0n, { error: "must not be negative" })
    .transform(Number)
    .optional()
    .meta({
      shape: { type: "integer", format: "int32", minimum: 0, maximum: MAX_LIMIT },
      description: "At most this many values of each city, by id.",
    }),
});

export type ListQuery = z.infer<typeof ListQuery>;

/** The body of a write. Field names match without regard to case, as in the original service. Throws as `validated`. */
export function validatedBody<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, value: unknown) {
  return validated(schema, withNamesOf(schema.shape, value));
}

/** Fields under the names of `shape`: an exact name wins over other spellings, else the last one does. */
function withNamesOf(shape: object, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  let renamed: Record<string, unknown> | undefined;
  for (const [spelling, field] of Object.entries(value)) {
    const name = Object.hasOwn(shape, spelling) ? spelling : nameOf(shape, spelling);
    if (name === undefined || Object.hasOwn(value, name)) continue;
    renamed ??= { ...value };
    renamed[name] = field;
  }
  return renamed ?? value;
}

function nameOf(shape: object, spelling: string): string | undefined {
  const lowerCase = spelling.toLowerCase();
  return Object.keys(shape).find((name) => name.toLowerCase() === lowerCase);
}

/** The query of a list, `?` included. Names match without regard to case. Throws Problem 400. */
export function validatedQuery(query: string): ListQuery {
  const given = new Map<string, string>();
  for (const [spelling, value] of new URLSearchParams(query)) {
    const name = nameOf(ListQuery.shape, spelling) ?? spelling;
    if (given.has(name)) throw notValid({ [name]: ["must not be repeated"] });
    given.set(name, value);
  }
  return validated(ListQuery, Object.fromEntries(given));
}

/** Throws Problem 400 with the mistakes by field. */
function validated<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors: Record<string, string[]> = {};
  for (const issue of result.error.issues) {
    const names = issue.code === "unrecognized_keys" ? issue.keys : [String(issue.path[0] ?? "$")];
    for (const name of names) {
      const messages = Object.hasOwn(errors, name) ? (errors[name] ?? []) : [];
      messages.push(issue.code === "unrecognized_keys" ? "is not known" : issue.message);
      Object.defineProperty(errors, name, { value: messages, enumerable: true, configurable: true });
    }
  }
  throw notValid(errors);
}

function notValid(errors: FieldErrors): Problem {
  return new Problem(400, "the request is not valid: see errors", { errors });
}

/** An id in a path; NaN for one beyond 2^53, which cannot exist. Throws Problem 400 unless it is an integer of 64 bits. */
export function idFromPath(segment: string): number {
  if (!/^-?\d{1,19}$/.test(segment)) throw badId();
  const number = Number(segment);
  if (Number.isSafeInteger(number)) return number;
  const exact = BigInt(segment);
  if (exact < INT64.min || exact > INT64.max) throw badId();
  return Number.NaN;
}

function badId(): Problem {
  const errors: FieldErrors = { id: ["must be a whole number of at most 64 bits, written as digits alone"] };
  return new Problem(400, ID_ERRORS[400], { errors });
}
