import { z } from "zod";
import { type FieldErrors, Problem } from "./problem.ts";

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const;
const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 } as const;

/** How a schema shows in the OpenAPI document where the validating form cannot be expressed there. */
const int64Shape = { type: ["integer", "string"], format: "int64", pattern: "^-?\\d{1,19}$" } as const;
const int32Shape = {
  type: ["integer", "string"],
  format: "int32",
  minimum: INT32.min,
  maximum: INT32.max,
  pattern: "^-?\\d{1,10}$",
} as const;

/** Why a field is not valid, for the client. */
class Mistake {
  constructor(readonly message: string) {}
}

type Parse<T> = (value: unknown) => T | Mistake;

/** A field by one function, because these are on the way of every write and a chain of checks costs five times as much. */
function field<T>(parse: Parse<T>, input: z.ZodType = z.unknown()) {
  return input.transform((value, context): T => {
    const result = parse(value);
    if (!(result instanceof Mistake)) return result;
    context.issues.push({ code: "custom", message: result.message, input: value });
    return z.NEVER;
  });
}

/** One that may be missing or null; null in both cases. */
function optionalField<T>(parse: Parse<T>) {
  return field((value) => (value === undefined || value === null ? null : parse(value)), z.unknown().optional());
}

const NOT_INT64 = new Mistake("must be a whole number of at most 64 bits");
const NOT_INT32 = new Mistake("must be a whole number of at most 32 bits");

/** A whole number of 64 bits: a JSON number, or its digits as a string, as the original service accepted. */
function int64(value: unknown): bigint | Mistake {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : NOT_INT64;
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

const LONGEST_NAME = 255;

function name(value: unknown): string | Mistake {
  const result = text(value);
  if (result instanceof Mistake) return result;
  const fits = result.length > 0 && (result.length <= LONGEST_NAME || [...result].length <= LONGEST_NAME);
  return fits ? result : new Mistake(`must have 1 to ${LONGEST_NAME} characters`);
}

export const CityInput = z
  .object(
    {
      name: field(name).meta({
        shape: { type: "string", minLength: 1, maxLength: LONGEST_NAME },
        examples: ["Плёс"],
      }),
    },
    { error: "must be an object" },
  )
  .meta({ id: "CityInput", description: "An `id` may be present and is ignored." });

const forecastFields = {
  dateTime: field(int64).meta({
    shape: int64Shape,
    description: "Unix time in seconds or milliseconds; stored as sent.",
    examples: [1_795_000_000_000],
  }),
  temperature: field(int32).meta({ shape: int32Shape, description: "Degrees Celsius.", examples: [-7] }),
  summary: optionalField(text).meta({ shape: { type: ["string", "null"] }, examples: ["Snow"] }),
};

export const NewForecast = z
  .object(forecastFields, { error: "must be an object" })
  .meta({ id: "NewForecast", description: "`id` and `cityId` may be present and are ignored." });

export const ChangedForecast = z
  .object(
    {
      cityId: optionalField(int64).meta({
        shape: { ...int64Shape, type: ["integer", "string", "null"] },
        description: "Moves the value to another city.",
      }),
      ...forecastFields,
    },
    { error: "must be an object" },
  )
  .meta({ id: "ChangedForecast", description: "An `id` may be present and is ignored: the path's id wins." });

const answerInt64 = z.int().meta({ shape: { type: "integer", format: "int64" } });

export const City = z.object({ id: answerInt64, name: z.string() }).meta({ id: "City" });

export const Forecast = z
  .object({
    id: answerInt64,
    cityId: answerInt64,
    dateTime: answerInt64,
    temperature: z.int32(),
    summary: z.string().nullable(),
  })
  .meta({ id: "Forecast" });

export const CityForecast = z.object({ city: City, forecast: z.array(Forecast) }).meta({ id: "CityForecast" });

export const CityWeather = z
  .object({ id: answerInt64, name: z.string(), forecast: z.array(Forecast) })
  .meta({ id: "CityWeather" });

export const ProblemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z.record(z.string(), z.array(z.string())).optional(),
    requestId: z.string(),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details." });

const wholeNumber = (max: bigint | number) =>
  z
    .string()
    .regex(/^-?\d{1,19}$/, { error: "must be a whole number" })
    .transform((value) => BigInt(value))
    .refine((value) => value >= INT64.min && value <= BigInt(max), { error: "is out of range" });

/** Query parameters of the two lists, beyond the original service. */
export const ListQuery = z.strictObject({
  cityId: wholeNumber(INT64.max)
    .optional()
    .meta({ shape: { type: "integer", format: "int64" }, description: "Only this city." }),
  from: wholeNumber(INT64.max)
    .optional()
    .meta({
      shape: { type: "integer", format: "int64" },
      description: "Only values whose `dateTime` is at or after this.",
    }),
  to: wholeNumber(INT64.max)
    .optional()
    .meta({
      shape: { type: "integer", format: "int64" },
      description: "Only values whose `dateTime` is before this.",
    }),
  limit: wholeNumber(1_000_000_000)
    .refine((value) => value >= 0n, { error: "must not be negative" })
    .transform(Number)
    .optional()
    .meta({ shape: { type: "integer", minimum: 0 }, description: "At most this many values of each city, by id." }),
});

export type ListQuery = z.infer<typeof ListQuery>;

/** Throws Problem 400 with the mistakes by field. */
export function validated<T>(schema: z.ZodType<T>, value: unknown): T {
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
  throw new Problem(400, "the request is not valid: see errors", { errors });
}

/** An id in a path. Throws Problem 400 for what is no integer of 64 bits; ids beyond 2^53 cannot exist and come as NaN. */
export function idFromPath(segment: string): number {
  if (!/^-?\d{1,19}$/.test(segment)) throw badId();
  const number = Number(segment);
  if (Number.isSafeInteger(number)) return number;
  const exact = BigInt(segment);
  if (exact < INT64.min || exact > INT64.max) throw badId();
  return Number.NaN;
}

function badId(): Problem {
  const errors: FieldErrors = { id: ["must be a whole number of at most 64 bits"] };
  return new Problem(400, "the id in the path is no whole number of at most 64 bits", { errors });
}
