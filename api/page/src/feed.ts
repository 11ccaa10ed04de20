import { mergeAnswers, readAnswer } from "./answer.ts";
import { DAY_MS, HOUR_MS, startOfDay, startOfHour } from "./calendar.ts";
import { type City, withinReach } from "./figures.ts";

const ANSWER_DEADLINE_MS = 20_000;
/** Days from today on. */
const DAYS_AHEAD = 14;
/** Values per city in the overview: twice ten days of eight values, and still a small answer for 189 cities. */
const OVERVIEW_LIMIT = 160;
const DETAIL_LIMIT = 4000;

export interface Snapshot {
  readonly cities: readonly City[];
  /** How old the values are, in seconds, when the API answered from memory without its database; else undefined. */
  readonly staleSeconds: number | undefined;
}

interface Answer {
  readonly url: string;
  readonly etag: string | null;
  readonly cities: readonly City[];
}

/** The API's mark for answers it could not confirm (RFC 7234, section 5.5.1). */
function staleSecondsOf(headers: Headers): number | undefined {
  if (!/^\s*110\b/.test(headers.get("warning") ?? "")) return undefined;
  const age = Number(headers.get("age") ?? 0);
  return Number.isFinite(age) ? age : 0;
}

/** Asks the API for narrowed forecasts. An unchanged answer costs a 304. */
export class Feed {
  readonly #remembered = new Map<string, Answer>();

  /** Every city with the readings of the coming days, few enough for a card each. */
  overview(now: number): Promise<Snapshot> {
    // Rounded to the hour, so that the URL and its ETag stay the same for an hour.
    return this.#load("", startOfHour(now) - 3 * HOUR_MS, OVERVIEW_LIMIT, now);
  }

  /** One city with all readings from this morning on. */
  detail(cityId: string, now: number): Promise<Snapshot> {
    return this.#load(`cityId=${encodeURIComponent(cityId)}&`, startOfDay(now), DETAIL_LIMIT, now);
  }

  /**
   * The API compares dates as they are stored, in seconds or in milliseconds, and a table may have both, so two requests
   * are needed. If no reading is near today, any others are better than an empty page.
   */
  async #load(city: string, from: number, limit: number, now: number): Promise<Snapshot> {
    const to = startOfDay(now) + DAYS_AHEAD * DAY_MS;
    const [milliseconds, seconds] = await Promise.all([
      this.#ask(`milliseconds ${limit}`, `${city}from=${from}&to=${to}&limit=${limit}`),
      this.#ask(`seconds ${limit}`, `${city}from=${from / 1000}&to=${to / 1000}&limit=${limit}`),
    ]);
    const near = mergeAnswers(milliseconds.cities, seconds.cities);
    const staleSeconds = largest(milliseconds.staleSeconds, seconds.staleSeconds);
    if (near.length === 0 || near.some((found) => found.readings.length > 0)) return { cities: near, staleSeconds };

    const any = await this.#ask(`any ${limit}`, `${city}limit=${limit}`);
    return {
      cities: any.cities.map((found) => withinReach(found, now)),
      staleSeconds: largest(staleSeconds, any.staleSeconds),
    };
  }

  /** @throws {Error} when the API is unreachable, or its answer is an error or not the list. */
  async #ask(slot: string, query: string): Promise<Snapshot> {
    const url = `/WeatherForecast?${query}`;
    const known = this.#remembered.get(slot);
    const headers: Record<string, string> = { accept: "application/json" };
    if (known?.url === url && known.etag !== null) headers["if-none-match"] = known.etag;
    // "no-store" avoids the browser's cache, which would turn a 304 into a 200 with the earlier headers.
    const response = await fetch(url, { headers, cache: "no-store", signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
    const staleSeconds = staleSecondsOf(response.headers);
    if (response.status === 304 && known !== undefined) return { cities: known.cities, staleSeconds };
    if (!response.ok) throw new Error(`The API answered with status ${response.status}`);
    const cities = readAnswer(await response.text());
    this.#remembered.set(slot, { url, etag: response.headers.get("etag"), cities });
    return { cities, staleSeconds };
  }
}

function largest(first: number | undefined, second: number | undefined): number | undefined {
  return first === undefined || second === undefined ? (first ?? second) : Math.max(first, second);
}
