import type { BenchCase, Finding } from "../bench.ts";
import { contest, each } from "../contest.ts";
import { baseData } from "../databases.ts";
import { citiesLoad } from "../loads/cities.ts";
import { withReplica } from "../measured-programs.ts";

export const getCitiesOpen: BenchCase = {
  name: "cities-open",
  about: "GET /Cities, open loop at 400 requests/s: latency from the moment a request was due.",
  run: async (bench) => {
    return withReplica(bench, baseData, async ({ program }) => {
      const { API: rounds } = await contest(bench, {
        API: { program, load: citiesLoad({ connections: 64, rate: 400 }) },
      });
      const latency = (name: "p50" | "p95" | "p99", target: Partial<Finding> = {}): Finding => ({
        what: `GET /Cities at 400 requests/s, ${name}`,
        unit: "ms",
        values: each(rounds, (round) => round.latencyMs[name]),
        ...target,
      });
      return [
        latency("p50"),
        latency("p95", { target: { kind: "at most", value: 10, judges: "median" } }),
        latency("p99"),
      ];
    });
  },
};
