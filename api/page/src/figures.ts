import { DAY_MS, HOUR_MS, startOfDay } from "./calendar.ts";

/** With a greater distance in time, a reading is not shown as the current temperature. */
const NOW_REACH_MS = 6 * HOUR_MS;

/** How far a chart reaches from the reading nearest to now, when the dates are spread over years. */
const CHART_REACH_MS = 14 * DAY_MS;

/** One temperature of one city, as the page works with it. */
export interface Reading {
  /** Unix time in milliseconds, whatever unit it was stored in. */
  readonly time: number;
  /** Degrees Celsius. */
  readonly temperature: number;
  readonly summary: string | null;
}

export interface City {
  /** The id as the API wrote it. A string, because an int64 may not fit into a JavaScript number. */
  readonly key: string;
  readonly name: string;
  /** By time, oldest first. */
  readonly readings: readonly Reading[];
  /** How many values are left out of the readings, because their dates are invalid or far from today. */
  readonly leftOut: number;
}

export interface Range {
  readonly lowest: Reading;
  readonly highest: Reading;
}

export interface DayRange extends Range {
  /** Midnight in Moscow, in milliseconds. */
  readonly start: number;
}

/** The reading nearest to an instant; the later one of two equally near. */
export function nearest(readings: readonly Reading[], now: number): Reading | undefined {
  let found: Reading | undefined;
  for (const reading of readings) {
    if (found === undefined || Math.abs(reading.time - now) <= Math.abs(found.time - now)) found = reading;
  }
  return found;
}

export function isCurrent(reading: Reading, now: number): boolean {
  return Math.abs(reading.time - now) <= NOW_REACH_MS;
}

/** The first lowest and the first highest reading. */
export function rangeOf(readings: readonly Reading[]): Range | undefined {
  const [first] = readings;
  if (first === undefined) return undefined;
  let [lowest, highest] = [first, first];
  for (const reading of readings) {
    if (reading.temperature < lowest.temperature) lowest = reading;
    if (reading.temperature > highest.temperature) highest = reading;
  }
  return { lowest, highest };
}

/** The readings from the one nearest to now on; all of them if none is near to now. */
export function coming(readings: readonly Reading[], now: number): readonly Reading[] {
  const current = nearest(readings, now);
  if (current === undefined || !isCurrent(current, now)) return readings;
  return readings.filter((reading) => reading.time >= current.time);
}

/** The range of each Moscow day that has readings, in order. */
export function rangeByDay(readings: readonly Reading[]): DayRange[] {
  return [...Map.groupBy(readings, ({ time }) => startOfDay(time))].flatMap(([start, ofDay]) => {
    const range = rangeOf(ofDay);
    return range === undefined ? [] : [{ start, ...range }];
  });
}

/** The city with only the readings around the one nearest to now, so that one odd date doesn't flatten its chart. */
export function withinReach(city: City, now: number): City {
  const anchor = nearest(city.readings, now);
  if (anchor === undefined) return city;
  const readings = city.readings.filter((reading) => Math.abs(reading.time - anchor.time) <= CHART_REACH_MS);
  return { ...city, readings, leftOut: city.leftOut + city.readings.length - readings.length };
}

/** The link to a city's view. */
export function cityHash(key: string): string {
  return `#city-${key}`;
}
