import type { Bench } from "../bench.ts";
import type { DataSet } from "../databases.ts";
import type { LoadResult } from "../load-process/plan.ts";
import type { Load, SampledAnswer } from "../measure.ts";
import type { RunningProgram } from "../program.ts";
import { decodeJson, isRecord, problemIn } from "./decode.ts";

/** As many different requests as take turns. */
const differentRequests = 4096;

/** GET /Forecast/{id} at random ids. */
export function forecastByIdLoad(data: DataSet, connections: number): Load {
  return {
    connections,
    requests: Array.from({ length: differentRequests }, () => ({
      method: "GET",
      path: `/Forecast/${randomFrom1(data.values)}`,
    })),
    check: (sample) =>
      problemIn(() => {
        const value = forecastOf(sample);
        return `/Forecast/${value.id}` === sample.request.path ? undefined : `answered with the value ${value.id}`;
      }),
  };
}

/** POST /Forecast/{cityId} of random values into random cities. */
export function insertLoad(data: DataSet, shape: { readonly connections: number; readonly rate?: number }): Load {
  return {
    ...shape,
    requests: Array.from({ length: differentRequests }, (_, index) => ({
      method: "POST",
      path: `/Forecast/${randomFrom1(data.cities)}`,
      body: JSON.stringify({
        dateTime: 1_800_000_000_000 + index * 1000,
        temperature: randomFrom1(66) - 31,
        summary: "Прохладно",
      }),
    })),
    check: (sample) =>
      problemIn(() => {
        const stored = forecastOf(sample);
        const sent: unknown = JSON.parse(sample.request.body ?? "");
        const same = isRecord(sent) && stored.dateTime === sent.dateTime && stored.temperature === sent.temperature;
        const isNew = typeof stored.id === "number" && stored.id > data.values;
        return same && isNew && `/Forecast/${stored.cityId}` === sample.request.path
          ? undefined
          : `answered ${JSON.stringify(stored)} to ${sample.request.body}`;
      }),
  };
}

/** Every acknowledged value must be stored once; a request that failed may have stored its value or not. */
export function expectStored(bench: Bench, program: RunningProgram, result: LoadResult, stored: number): void {
  const failed = Object.values(result.failures).reduce((sum, count) => sum + count, 0);
  if (stored >= result.acknowledged && stored <= result.acknowledged + failed) return;
  bench.fail(`${program.name}: ${result.acknowledged} inserts acknowledged, ${failed} failed, ${stored} stored`);
}

function forecastOf(sample: SampledAnswer): Record<string, unknown> {
  const value = decodeJson(sample, "identity");
  if (!isRecord(value) || typeof value.temperature !== "number") throw new Error("no value");
  return value;
}

function randomFrom1(to: number): number {
  return 1 + Math.floor(Math.random() * to);
}
