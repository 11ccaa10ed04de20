/** What the bodies of the Weather API must be. Pure: tested without k6. */

import type { VisitedCity } from "./plan.ts";

export interface City {
  readonly id: number;
  readonly name: string;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isCity(value: unknown): value is City {
  return isRecord(value) && Number.isInteger(value.id) && typeof value.name === "string" && value.name !== "";
}

/** By id, none twice, and all of those that are known to be there. */
export function isCityList(value: unknown, known: readonly number[]): value is City[] {
  if (!Array.isArray(value) || !value.every(isCity)) return false;
  const ids = value.map(({ id }) => id);
  const isInOrder = ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? id));
  const listed = new Set(ids);
  return isInOrder && known.every((id) => listed.has(id));
}

/** @param expected fields that must be as given */
export function isValue(value: unknown, expected: Readonly<Record<string, unknown>> = {}): boolean {
  return (
    isRecord(value) &&
    Number.isInteger(value.id) &&
    Number.isInteger(value.cityId) &&
    Number.isInteger(value.dateTime) &&
    Number.isInteger(value.temperature) &&
    (value.summary === null || typeof value.summary === "string") &&
    Object.entries(expected).every(([name, wanted]) => value[name] === wanted)
  );
}

/** Characters. Parsing 10 MB would cost k6 seconds and half a gigabyte. */
const TOO_LARGE_TO_PARSE = 1_000_000;

/** The whole weather: every city known to be there, with at least the values known to be there. Of large texts the ends are looked at. */
export function isWeatherText(text: string, known: readonly VisitedCity[]): boolean {
  if (text.length > TOO_LARGE_TO_PARSE) return hasEndsOfWeather(text, known.length);
  return isWeather(parsed(text), known);
}

function isWeather(value: unknown, known: readonly VisitedCity[]): boolean {
  if (!Array.isArray(value)) return false;
  const forecasts = new Map<number, unknown[]>();
  for (const city of value) {
    if (!isCity(city)) return false;
    const { forecast } = city as City & { readonly forecast?: unknown };
    if (!Array.isArray(forecast) || !forecast.every((each) => isValue(each, { cityId: city.id }))) return false;
    forecasts.set(city.id, forecast);
  }
  return known.every(({ id, values }) => (forecasts.get(id)?.length ?? -1) >= values.length);
}

/** A list with a forecast for each of so many cities, which ends with a whole value, or a whole city without values. */
function hasEndsOfWeather(text: string, cities: number): boolean {
  let found = 0;
  for (let at = text.indexOf(FORECAST); at >= 0 && found < cities; at = text.indexOf(FORECAST, at + 1)) found += 1;
  const start = text.lastIndexOf("{");
  const last = parsed(text.slice(start, text.indexOf("}", start) + 1));
  return text.startsWith("[") && text.endsWith("]") && found >= cities && (isValue(last) || isCity(last));
}

const FORECAST = '"forecast"';

/** Undefined for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
