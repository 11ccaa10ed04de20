import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";
import type { WeatherApi } from "../service/weather-api.ts";
import { DATA_SIZES, type DataSizeName, growthTo, isNothing, newValue } from "./growth.ts";
import { inWords } from "./seed-database.ts";
import { rangesOf, type SeedRecord } from "./seed-record.ts";

/** The service joins concurrent writes into one statement. */
const CONCURRENT_WRITES = 64;
/** The service itself retries for 30 s. */
const WRITE_DEADLINE_MS = 35_000;
const LOG_EVERY_VALUES = 500;

const Created = z.object({ id: z.int() });

/** A seeding through the API failed or was interrupted. */
export class SeedingStopped extends CommandError {
  readonly added: SeedRecord;

  constructor(reason: unknown, added: SeedRecord) {
    super(`The seeding stopped: ${reason instanceof Error ? reason.message : reason}`);
    this.added = added;
  }
}

/**
 * Brings a service to a size through its API, many requests at once.
 *
 * @returns what was added, undefined when nothing was missing
 * @throws {SeedingStopped} with what was added until then
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
  const added = (): SeedRecord => {
    return { format: 1, at: new Date().toISOString(), size, target: api.base, cities, values: rangesOf(values) };
  };
  try {
    // One after the other, so that their ids are in the order of their names.
    for (const name of growth.cities) {
      cities.push({ id: (await post(`${api.base}/Cities`, { name }, signal)).id, name });
    }
    const ids = [...present.map(({ id }) => id), ...cities.map(({ id }) => id)];
    const missing = inTurns(ids, growth.values);
    const now = Date.now();
    await eachOf(missing, async ({ cityId, n }) => {
      values.push((await post(`${api.base}/Forecast/${cityId}`, newValue(now, n), signal)).id);
      if (values.length % LOG_EVERY_VALUES === 0) log(`${values.length} of ${missing.length} values`);
    });
    return added();
  } catch (error) {
    throw new SeedingStopped(signal.aborted ? "interrupted" : error, added());
  }
}

/** Cities take turns, as in a service that grows. */
function inTurns(cities: readonly number[], counts: readonly number[]): { cityId: number; n: number }[] {
  const max = counts.reduce((highest, count) => Math.max(highest, count), 0);
  return Array.from({ length: max }, (_, index) => index + 1).flatMap((n) =>
    cities.flatMap((cityId, city) => (n <= (counts[city] ?? 0) ? [{ cityId, n }] : [])),
  );
}

/** The first failure ends all: no worker starts another item afterwards, and those under way are awaited. */
async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined && failures.length === 0; item = items[next]) {
      next += 1;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_WRITES }, worker));
  if (failures.length > 0) throw failures[0];
}

async function post(url: string, body: object, signal: AbortSignal): Promise<z.infer<typeof Created>> {
  signal.throwIfAborted();
  // Not the signal: an aborted write could be stored all the same, and would be in no record.
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(WRITE_DEADLINE_MS),
  });
  if (answer.status !== 200)
    throw new CommandError(`POST ${url} answers ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
  return Created.parse(await answer.json());
}
