import type { Series } from "../record/record.ts";
import { kindOf } from "../resources/resources.ts";

/** Below this share of their CPU the replicas' work in the background outweighs that for requests. */
const LEAST_SHARE = 0.1;

/** What the replicas' own CPU would allow, whatever else gave out before. */
export interface ReplicaLimit {
  /** Mean of the replicas' CPU, as a share of their limit. */
  readonly replicaShare: number;
  /** Measured. */
  readonly requestsPerSecond: number;
  /** Straight on from the measured share to all of the CPU: no promise, the last part of a CPU costs latency. */
  readonly limitRequestsPerSecond: number;
  readonly requestsPerCpuSecond: number;
}

/**
 * The service's own limit from its CPU per request, for when the computer or k6 gave out before the service.
 *
 * @param replicaCores that one replica may use
 * @returns undefined when the replicas were not measured or had next to nothing to do
 */
export function replicaLimit(series: Series, from: number, to: number, replicaCores = 0.25): ReplicaLimit | undefined {
  const within = ({ t }: { readonly t: number }): boolean => t > from && t <= to;
  // What failed was no work done.
  const rates = series.rows.filter(within).map(({ requests, failed }) => requests - failed);
  const uses = (series.parts ?? []).filter(within).flatMap(({ parts }) => parts);
  // Not every second has a figure of every replica.
  const byReplica = Map.groupBy(
    uses.filter(({ name, cpuShare }) => kindOf(name) === "replica" && cpuShare !== undefined),
    ({ name }) => name,
  );
  const replicas = [...byReplica.values()].map((each) => mean(each.map(({ cpuShare = 0 }) => cpuShare)));
  if (rates.length === 0 || replicas.length === 0) return undefined;
  const replicaShare = mean(replicas);
  if (replicaShare < LEAST_SHARE) return undefined;
  const requestsPerSecond = mean(rates);
  const cores = sum(replicas) * replicaCores;
  return {
    replicaShare,
    requestsPerSecond,
    limitRequestsPerSecond: requestsPerSecond / replicaShare,
    requestsPerCpuSecond: requestsPerSecond / cores,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
