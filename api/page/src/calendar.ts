/** The calendar of the page: Moscow time, which every city of the Golden Ring keeps. */

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Moscow has been at UTC+3 without summer time since October 2014, so its midnights need no time zone database. */
const MOSCOW_OFFSET = 3 * HOUR;
export const MOSCOW_ZONE = "Europe/Moscow";

/** Seconds reach this figure in the year 5138, milliseconds passed it in 1973: what is smaller is taken for seconds. */
const SMALLEST_MILLISECONDS = 100_000_000_000;

/** The last instant an ECMAScript Date can hold, in milliseconds (ECMA-262, "Time Values and Time Range"). */
const END_OF_CALENDAR = 8_640_000_000_000_000;

/** Milliseconds for a stored Unix time in seconds or milliseconds; undefined when no calendar date belongs to it. */
export function toMilliseconds(stored: number): number | undefined {
  const milliseconds = Math.abs(stored) < SMALLEST_MILLISECONDS ? stored * 1000 : stored;
  return Math.abs(milliseconds) <= END_OF_CALENDAR ? milliseconds : undefined;
}

/** Midnight in Moscow at or before the given instant, in milliseconds. */
export function startOfDay(time: number): number {
  return Math.floor((time + MOSCOW_OFFSET) / DAY) * DAY - MOSCOW_OFFSET;
}

export function startOfHour(time: number): number {
  return Math.floor(time / HOUR) * HOUR;
}
