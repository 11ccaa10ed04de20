import type { BenchCase } from "../bench.ts";
import { each } from "../contest.ts";
import { baseData } from "../databases.ts";
import { replicaLimits } from "../limits.ts";
import { citiesLoad } from "../loads/cities.ts";
import { measure } from "../measure.ts";
import { withReplica } from "../measured-programs.ts";
import { memoryFindings } from "./weather-findings.ts";

const CONNECTIONS = 10_000;
const REQUESTS_PER_SECOND = 400;
/** Until all connections are open, at a quarter of a core. */
const WARM_UP_SECONDS = 10;
/** Each connection gets its turn within. */
const SECONDS = Math.ceil((1.2 * CONNECTIONS) / REQUESTS_PER_SECOND);

export const idleConnections: BenchCase = {
  name: "idle",
  about: "10,000 keep-alive connections, of which each sends GET /Cities every 25 s: 400 requests/s in turn.",
  run: (bench) =>
    withReplica(bench, baseData, async ({ program }) => {
      const few = await measure(bench, program, citiesLoad({ connections: 128, rate: REQUESTS_PER_SECOND }), {
        warmUpSeconds: 2,
        seconds: 5,
      });
      const load = citiesLoad({ connections: CONNECTIONS, rate: REQUESTS_PER_SECOND });
      const many = await measure(bench, program, load, { warmUpSeconds: WARM_UP_SECONDS, seconds: SECONDS });
      const name = "10,000 connections";
      return [
        { what: `${name}, GET /Cities at 400 requests/s`, unit: "requests/s", values: [many.perSecond] },
        {
          what: `${name}, p95`,
          unit: "ms",
          values: [many.latencyMs.p95],
          target: { kind: "at most", value: 100, judges: "median" },
        },
        {
          what: "128 connections, highest memory charged",
          unit: "MiB",
          values: each([few], (one) => one.chargedPeakMiB),
        },
        ...memoryFindings(name, [many], replicaLimits.memoryMiB),
      ];
    }),
};
