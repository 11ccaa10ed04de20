import type { BenchCase } from "../bench.ts";
import { digestOf, grownData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { weatherLoad } from "../loads/weather.ts";
import { runLoad } from "../measure.ts";
import { apiProgram, withPrograms } from "../measured-programs.ts";

export const start: BenchCase = {
  name: "start",
  about: "Start of a replica with 120,896 values, from the process until /healthz/ready answers 200.",
  run: async (bench) => {
    const database = await bench.databases.create(grownData);
    const digest = await digestOf(database);
    const seconds: number[] = [];
    const peaks: number[] = [];
    for (let round = 1; round <= bench.options.rounds; round += 1) {
      await withPrograms(bench, [apiProgram(bench.options, database, replicaLimits)], async ([program]) => {
        seconds.push(program.readySeconds);
        peaks.push(program.memory().peakMiB);
        bench.log(`round ${round} of ${bench.options.rounds}: ${program.readySeconds.toFixed(2)} s`);
        // Ready must mean ready: all values are served.
        await runLoad(bench, program, weatherLoad(["gzip"], 1, { digest }, 1), { warmUpSeconds: 0, seconds: 2 });
      });
    }
    return [
      {
        what: "start with 120,896 values until ready",
        unit: "s",
        values: seconds,
        target: { kind: "at most", value: 3, judges: "median" },
      },
      { what: "start with 120,896 values, highest resident memory", unit: "MiB", values: peaks },
    ];
  },
};
