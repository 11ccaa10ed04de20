import { toMilliseconds } from "./calendar.ts";
import type { City, Reading } from "./figures.ts";

/**
 * An id with so many digits may not fit into a double. Inside a JSON string a quote is escaped, so `"id":` cannot
 * match within a name or a summary.
 */
const LONG_ID = /("id"\s*:\s*)(-?\d{16,})/g;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function toReading(value: unknown): Reading | undefined {
  if (!isRecord(value)) return undefined;
  const { dateTime, temperature, summary } = value;
  if (typeof dateTime !== "number" || typeof temperature !== "number") return undefined;
  const time = toMilliseconds(dateTime);
  if (time === undefined) return undefined;
  return { time, temperature, summary: typeof summary === "string" && summary.trim() !== "" ? summary : null };
}

function toCity(value: unknown): City | undefined {
  if (!isRecord(value) || (typeof value.id !== "number" && typeof value.id !== "string")) return undefined;
  const values = Array.isArray(value.forecast) ? value.forecast : [];
  const readings = values.map(toReading).filter((reading) => reading !== undefined);
  return {
    key: String(value.id),
    name: typeof value.name === "string" ? value.name : "",
    readings: readings.sort((a, b) => a.time - b.time),
    leftOut: values.length - readings.length,
  };
}

/**
 * Reads the body of GET /WeatherForecast. Invalid rows (a date outside the calendar, a missing field) are left
 * out and counted.
 *
 * @throws {SyntaxError} when the text is not JSON, {TypeError} when it is not a list.
 */
export function readAnswer(text: string): City[] {
  const parsed: unknown = JSON.parse(text.replace(LONG_ID, '$1"$2"'));
  if (!Array.isArray(parsed)) throw new TypeError("The answer is not a list of cities");
  return parsed.map(toCity).filter((city) => city !== undefined);
}

/** Joins two answers that hold the same cities with different readings. The order of the first one is kept. */
export function mergeAnswers(first: readonly City[], second: readonly City[]): City[] {
  const others = new Map(second.map((city) => [city.key, city]));
  const merged = first.map((city) => {
    const other = others.get(city.key);
    others.delete(city.key);
    if (other === undefined || other.readings.length === 0) return city;
    if (city.readings.length === 0) return other;
    const readings = [...city.readings, ...other.readings].sort((a, b) => a.time - b.time);
    return { ...city, readings, leftOut: city.leftOut + other.leftOut };
  });
  return [...merged, ...others.values()];
}
