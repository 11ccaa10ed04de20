import { CommandError, rangesOf } from "@goldenring/run-kit";
import * as z from "zod";
import { newValue } from "../../k6/plan.ts";
import type { WeatherApi } from "../service/weather-api.ts";
import { DATA_SIZES, type DataSizeName, growthText, growthTo, isNothing, VALUE_STEP_MS } from "./growth.ts";
import type { SeedRecord } from "./seed-record.ts";

/** The service joins concurrent writes into one statement. */
const CONCURRENT_WRITES = 64;
/** The service itself retries for 30 s. */
const WRITE_DEADLINE_MS = 35_000;
const LOG_EVERY_VALUES = 500;

const Created = z.object({ id: z.int() });

/** Many requests at once. @returns what was added (undefined: nothing was missing), and the failure that stopped it: after one, nothing is added */
export async function seedApi(
  api: WeatherApi,
  size: DataSizeName,
  log: (text: string) => void,
  signal: AbortSignal,
): Promise<{ readonly added: SeedRecord | undefined; readonly failure?: unknown }> {
  const present = await api.weather(signal);
  const growth = growthTo(
    DATA_SIZES[size],
    present.map(({ name, forecast }) => ({ name, values: forecast.length })),
  );
  if (isNothing(growth)) return { added: undefined };
  log(growthText(growth));
  const cities: { id: number; name: string }[] = [];
  const values: number[] = [];
  let failure: unknown;
  const failed = (error: unknown): void => {
    failure ??= signal.aborted ? new CommandError("interrupted") : error;
  };
  try {
    // One after the other, so that their ids are in the order of their names.
    for (const name of growth.cities) {
      cities.push({ id: await post(`${api.base}/Cities`, { name }, signal), name });
    }
    const missing = inTurns([...present, ...cities], growth.values);
    const queue = missing.values();
    const now = Date.now();
    const writer = async (): Promise<void> => {
      for (const { id, n } of queue) {
        if (failure !== undefined) return;
        await post(`${api.base}/Forecast/${id}`, newValue(now - n * VALUE_STEP_MS), signal).then(
          (valueId) => values.push(valueId),
          failed,
        );
        if (values.length % LOG_EVERY_VALUES === 0) log(`${values.length} of ${missing.length} values`);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_WRITES }, writer));
  } catch (error) {
    failed(error);
  }
  const at = new Date().toISOString();
  return { added: { format: 1, at, size, target: api.base, cities, values: rangesOf(values) }, failure };
}

/** Cities take turns, as in a service that grows. */
function inTurns(cities: readonly { readonly id: number }[], counts: readonly number[]): { id: number; n: number }[] {
  const max = counts.reduce((highest, count) => Math.max(highest, count), 0);
  return Array.from({ length: max }, (_, index) => index + 1).flatMap((n) =>
    cities.flatMap(({ id }, city) => (n <= (counts[city] ?? 0) ? { id, n } : [])),
  );
}

/** @returns the new id */
async function post(url: string, body: object, signal: AbortSignal): Promise<number> {
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
  return Created.parse(await answer.json()).id;
}
