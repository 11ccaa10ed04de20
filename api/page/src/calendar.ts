/** The calendar of the page: Moscow time, which every city of the Golden Ring keeps. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Moscow has been at UTC+3 without summer time since October 2014, so its midnights need no time zone database. */
const MOSCOW_OFFSET_MS = 3 * HOUR_MS;
export const MOSCOW_ZONE = "Europe/Moscow";

/** Smaller figures are seconds: seconds reach this figure in the year 5138, milliseconds passed it in 1973. */
const MIN_MILLISECONDS = 100_000_000_000;

/** The last instant an ECMAScript Date can hold, in milliseconds (ECMA-262, "Time Values and Time Range"). */
const MAX_DATE_MS = 8_640_000_000_000_000;

/** Milliseconds for a stored Unix time in seconds or milliseconds; undefined when no calendar date belongs to it. */
export function toMilliseconds(stored: number): number | undefined {
  const milliseconds = Math.abs(stored) < MIN_MILLISECONDS ? stored * 1000 : stored;
  return Math.abs(milliseconds) <= MAX_DATE_MS ? milliseconds : undefined;
}

/** Midnight in Moscow at or before the given instant, in milliseconds. */
export function startOfDay(time: number): number {
  return Math.floor((time + MOSCOW_OFFSET_MS) / DAY_MS) * DAY_MS - MOSCOW_OFFSET_MS;
}

export function startOfHour(time: number): number {
  return Math.floor(time / HOUR_MS) * HOUR_MS;
}
