import * as z from "zod";
import type { Series } from "../record/record.ts";
import { kindOf, REPLICA_CORES } from "../resources/resources.ts";

/** Below this share of their CPU the replicas' background work outweighs that for requests. */
const MIN_SHARE = 0.1;

/** What the replicas' CPU would allow if nothing else was saturated first. */
export const ReplicaLimit = z.object({
  /** Mean of the replicas' CPU, as a share of their limit. */
  replicaShare: z.number(),
  requestsPerSecond: z.number(),
  /** At the measured CPU per request, with all of the CPU: a bound and no promise, as the last part of a CPU costs latency. */
  limitRequestsPerSecond: z.number(),
  requestsPerCpuSecond: z.number(),
});
export type ReplicaLimit = z.infer<typeof ReplicaLimit>;

/**
 * The service's limit from its CPU per request, for when the computer or k6 is saturated before the service.
 *
 * @returns undefined when the replicas were not measured or were almost idle
 */
export function replicaLimit(series: Series): ReplicaLimit | undefined {
  // A failed request is no work done.
  const rates = series.rows.map(({ requests, failed }) => requests - failed);
  const uses = (series.parts ?? []).flatMap(({ parts }) => parts);
  // Not every second has a figure of every replica.
  const byReplica = Map.groupBy(
    uses.filter(({ name, cpuShare }) => kindOf(name) === "replica" && cpuShare !== undefined),
    ({ name }) => name,
  );
  const replicaShare = mean([...byReplica.values()].map((each) => mean(each.map(({ cpuShare = 0 }) => cpuShare))));
  const requestsPerSecond = mean(rates);
  // NaN where nothing was measured.
  if (!(replicaShare >= MIN_SHARE && requestsPerSecond >= 0)) return undefined;
  return {
    replicaShare,
    requestsPerSecond,
    limitRequestsPerSecond: requestsPerSecond / replicaShare,
    requestsPerCpuSecond: requestsPerSecond / (replicaShare * byReplica.size * REPLICA_CORES),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0) / numbers.length;
}
