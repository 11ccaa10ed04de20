import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";
import type { WeatherApi } from "../service/weather-api.ts";
import { DATA_SIZES, type DataSizeName, growthTo, isNothing } from "./growth.ts";
import { inWords } from "./seed-database.ts";
import { rangesOf, type SeedRecord } from "./seed-record.ts";
import { newValue } from "./value.ts";

/** Requests under way at once: the service puts concurrent writes into one statement. */
const CONCURRENT = 64;
/** The service itself tries for 30 s; ms. */
const WRITE_MS = 35_000;
const TELL_EVERY = 500;

const Made = z.object({ id: z.int() });

/** What was made so far when a seeding over the API failed or was interrupted. */
export class SeedingStopped extends CommandError {
  readonly added: SeedRecord;

  constructor(reason: unknown, added: SeedRecord) {
    super(`The seeding stopped: ${reason instanceof Error ? reason.message : reason}`);
    this.added = added;
  }
}

/**
 * Brings a service to a size over its API, many requests at once.
 *
 * @returns what was made, undefined when nothing was missing
 * @throws {SeedingStopped} with what was made until then
 */
export async function seedApi(
  api: WeatherApi,
  size: DataSizeName,
  log: (text: string) => void,
  signal: AbortSignal,
): Promise<SeedRecord | undefined> {
  const present = await api.weather(signal);
  const growth = growthTo(
    DATA_SIZES[size],
    present.map(({ name, forecast }) => ({ name, values: forecast.length })),
  );
  if (isNothing(growth)) return undefined;
  log(inWords(growth));
  const cities: { id: number; name: string }[] = [];
  const values: number[] = [];
  const made = (): SeedRecord => {
    return { format: 1, at: new Date().toISOString(), size, target: api.base, cities, values: rangesOf(values) };
  };
  try {
    // One after the other, so that their ids are in the order of their names.
    for (const name of growth.cities) {
      cities.push({ id: (await post(`${api.base}/Cities`, { name }, signal)).id, name });
    }
    const ids = [...present.map(({ id }) => id), ...cities.map(({ id }) => id)];
    const wanted = inTurns(ids, growth.values);
    const now = Date.now();
    await eachOf(wanted, async ({ cityId, n }) => {
      values.push((await post(`${api.base}/Forecast/${cityId}`, newValue(now, n), signal)).id);
      if (values.length % TELL_EVERY === 0) log(`${values.length} of ${wanted.length} values`);
    });
    return made();
  } catch (error) {
    throw new SeedingStopped(signal.aborted ? "interrupted" : error, made());
  }
}

/** Cities take turns, as in a service that grows. */
function inTurns(cities: readonly number[], counts: readonly number[]): { cityId: number; n: number }[] {
  const most = counts.reduce((highest, count) => Math.max(highest, count), 0);
  return Array.from({ length: most }, (_, index) => index + 1).flatMap((n) =>
    cities.flatMap((cityId, city) => (n <= (counts[city] ?? 0) ? [{ cityId, n }] : [])),
  );
}

/** The first failure ends all: none begins another item afterwards, and those under way are waited for. */
async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined && failures.length === 0; item = items[next]) {
      next += 1;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  if (failures.length > 0) throw failures[0];
}

async function post(url: string, body: object, signal: AbortSignal): Promise<z.infer<typeof Made>> {
  signal.throwIfAborted();
  // Not the signal: a write that was given up could be done all the same, and would be in no record.
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(WRITE_MS),
  });
  if (answer.status !== 200)
    throw new CommandError(`POST ${url} answers ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
  return Made.parse(await answer.json());
}
