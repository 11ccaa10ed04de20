import type { BenchCase } from "../bench.ts";
import { grownData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { percentile } from "../load-process/percentile.ts";
import { weatherLoad } from "../loads/weather.ts";
import { measure } from "../measure.ts";
import { withReplica } from "../measured-programs.ts";
import { memoryFindings } from "./weather-findings.ts";

/** Garbage collection moves the level by a few MiB at any time. A leak of 1 kB per answer would be four times this in 5 min. */
const growthAllowedMiB = 4;

export const soak: BenchCase = {
  name: "soak",
  about:
    "Memory while GET /WeatherForecast (120,896 values; identity and gzip in turn, 8 connections) runs for minutes.",
  run: async (bench) => {
    return withReplica(bench, grownData, async ({ program, digest }) => {
      const { soakSeconds } = bench.options;
      const residentMiB: number[] = [];
      const duration = { warmUpSeconds: bench.options.warmUpSeconds, seconds: soakSeconds };
      const load = weatherLoad(["identity", "gzip"], 8, { digest });
      bench.log(`${soakSeconds} s`);
      const measurement = await measure(bench, program, load, duration, (nowMiB) => {
        residentMiB.push(nowMiB);
      });
      const fifth = (nth: number) => {
        const length = Math.floor(residentMiB.length / 5);
        return percentile(
          residentMiB.slice(nth * length, (nth + 1) * length).sort((a, b) => a - b),
          50,
        );
      };
      return [
        {
          what: `memory over ${soakSeconds} s: growth from the second fifth to the last (medians)`,
          unit: "MiB",
          values: [fifth(4) - fifth(1)],
          target: { kind: "at most", value: growthAllowedMiB, judges: "worst" },
        },
        {
          what: `memory over ${soakSeconds} s: each fifth's median of resident memory`,
          unit: "MiB",
          values: [0, 1, 2, 3, 4].map(fifth),
        },
        ...memoryFindings(`memory over ${soakSeconds} s`, [measurement], replicaLimits.memoryMiB),
      ];
    });
  },
};
