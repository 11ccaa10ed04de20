import type { Bench, BenchCase } from "../bench.ts";
import { firstWarmUpWindows } from "../contest.ts";
import { type DataDigest, digestOf, grownData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { expectStored, insertLoad } from "../loads/forecasts.ts";
import { weatherLoad } from "../loads/weather.ts";
import { type Measurement, measure, runLoad } from "../measure.ts";
import { apiProgram, withPrograms } from "../measured-programs.ts";
import type { RunningProgram } from "../program.ts";
import { memoryFindings, weatherFindings } from "./weather-findings.ts";

/** The growth scenario of the 2023 baseline: 100 moderators, 3 values into each of 9 cities every 30 s. */
const insertsPerSecond = 90;

export const weatherInserts: BenchCase = {
  name: "weather-inserts",
  about:
    "GET /WeatherForecast, gzip, 120,896 values while 90 values/s are added: through another replica without limits (the measured one sees changes), then through the measured one.",
  run: async (bench) => {
    const database = await bench.databases.create(grownData);
    const programs = [apiProgram(bench.options, database, replicaLimits), apiProgram(bench.options, database)] as const;
    return withPrograms(bench, programs, async ([measured, other]) => {
      const fromOther: Measurement[] = [];
      const fromItself: Measurement[] = [];
      await readWhileInserting(bench, database, measured, other, firstWarmUpWindows * bench.options.seconds);
      for (let round = 1; round <= bench.options.rounds; round += 1) {
        const { seconds } = bench.options;
        fromOther.push(await readWhileInserting(bench, database, measured, other, seconds));
        fromItself.push(await readWhileInserting(bench, database, measured, measured, seconds));
        bench.log(
          `round ${round} of ${bench.options.rounds}: ${fromOther.at(-1)?.perSecond.toFixed(0)} requests/s, with the inserts on the same replica ${fromItself.at(-1)?.perSecond.toFixed(0)}`,
        );
      }
      return [
        ...weatherFindings("GET /WeatherForecast, 120,896 values, gzip, 90 inserts/s elsewhere", fromOther, 100),
        ...weatherFindings("GET /WeatherForecast, 120,896 values, gzip, 90 inserts/s on the same replica", fromItself),
        ...memoryFindings("90 inserts/s", [...fromOther, ...fromItself], replicaLimits.memoryMiB),
      ];
    });
  },
};

/** Measures the readers, then checks that every acknowledged value is in the database once, and served by the measured replica. */
async function readWhileInserting(
  bench: Bench,
  database: string,
  measured: RunningProgram,
  inserting: RunningProgram,
  seconds: number,
): Promise<Measurement> {
  const before = await digestOf(database);
  const duration = { warmUpSeconds: bench.options.warmUpSeconds, seconds };
  const [measurement, inserts] = await Promise.all([
    measure(bench, measured, weatherLoad(["gzip"], 16, { digest: before, growing: true }), duration),
    runLoad(bench, inserting, insertLoad(grownData, { connections: 32, rate: insertsPerSecond }), duration),
  ]);
  const after = await digestOf(database);
  expectStored(bench, inserting, inserts, after.values - before.values);
  await expectServed(bench, measured, after);
  return measurement;
}

async function expectServed(bench: Bench, program: RunningProgram, digest: DataDigest): Promise<void> {
  await runLoad(bench, program, weatherLoad(["gzip"], 1, { digest }, 1), { warmUpSeconds: 0, seconds: 1 });
}
