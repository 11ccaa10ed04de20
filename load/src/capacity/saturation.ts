import { median } from "@goldenring/run-kit";
import * as z from "zod";
import { type ResourceRow, type ResourceUse, type RunRecord, type Series, sizeOf } from "../record/record.ts";
import { kindOf, mostUsed, type ResourceKind } from "../resources/resources.ts";

/** @param share of what the resource may use; from here on it is saturated */
const rule = (cause: string, resource: ResourceKind, uses: "cpu" | "memory", share: number, why: string) => {
  return { cause, resource, uses, share, why };
};
type Rule = ReturnType<typeof rule>;

const REPLICA_MEMORY =
  "what is left is less than one large answer, and the kernel kills the process that asks for more";
const K6_CPU =
  "the load generator alone takes more of the computer than all that it measures; its own delays are in the latencies";
const REPLICA_CPU =
  "a limit is dealt out per 100 ms, so that at 90 % of it over a second many of these slices are used up";
const DATABASE_CPU = "the same limit by slices, and every write of every replica waits for this machine";
const INGRESS_CPU = "the same limit by slices; all requests, or all of the replicas' statements, go through it";
const COMPUTER_CPU = "everything waits for a core; the service might do more on a computer of its own";
const COMPUTER_MEMORY = "the kernel drops pages that it must read again at once";

/** Of several that hold at once the first counts: the more exactly a rule names the cause, the earlier it comes. */
export const RULES: readonly Rule[] = [
  rule("memory of a replica", "replica", "memory", 0.95, REPLICA_MEMORY),
  rule("k6 itself", "k6", "cpu", 0.6, K6_CPU),
  rule("CPU of a replica", "replica", "cpu", 0.9, REPLICA_CPU),
  rule("CPU of the database", "database", "cpu", 0.9, DATABASE_CPU),
  rule("CPU of the ingress or HAProxy", "ingress", "cpu", 0.9, INGRESS_CPU),
  rule("CPU of the computer", "computer", "cpu", 0.95, COMPUTER_CPU),
  rule("memory of the computer", "computer", "memory", 0.95, COMPUTER_MEMORY),
];

/** Samples of a second; the middle one must be at the rule's share, so that one spike is not taken for saturation, nor one gap for relief. */
const WINDOW_SAMPLES = 5;

export const Saturation = z.object({
  /** "none" when nothing was saturated; "not measured" when no resource was. */
  first: z.string(),
  exhausted: z.array(
    z.object({
      cause: z.string(),
      /** Seconds from the run's start. */
      since: z.number(),
      /** Highest use over a window, as a share. */
      peak: z.number(),
    }),
  ),
});
export type Saturation = z.infer<typeof Saturation>;

type Limits = Pick<RunRecord, "computer" | "size">;

export function saturationOf(limits: Limits, { parts = [] }: Pick<Series, "parts">) {
  if (parts.every((row) => row.parts.length === 0)) return { first: "not measured", exhausted: [] };
  const exhausted = RULES.flatMap((rule) => exhaustedBy(rule, parts, limits) ?? []);
  exhausted.sort((one, other) => one.since - other.since);
  return { first: exhausted[0]?.cause ?? "none", exhausted };
}

function exhaustedBy(rule: Rule, rows: readonly ResourceRow[], { computer, size }: Limits) {
  const memoryBytes = (rule.resource === "replica" ? sizeOf({ size }) : computer).memoryMiB * 2 ** 20;
  const shareOf = ({ cpuShare, memoryBytes: used }: ResourceUse): number | undefined =>
    rule.uses === "cpu" ? cpuShare : used && used / memoryBytes;
  const uses = rows.flatMap((row) => {
    const share = mostUsed(row, rule.resource, shareOf);
    return share === undefined ? [] : [{ t: row.t, share }];
  });
  const windows = uses
    .slice(0, Math.max(0, uses.length - WINDOW_SAMPLES + 1))
    .map(({ t }, from) => ({ t, share: median(uses.slice(from, from + WINDOW_SAMPLES).map(({ share }) => share)) }));
  const first = windows.find(({ share }) => share >= rule.share);
  return first && { cause: rule.cause, since: first.t, peak: Math.max(...windows.map(({ share }) => share)) };
}

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

/** The service's limit from its CPU per request, for when the computer or k6 is saturated first. Undefined: not measured, or almost idle */
export function replicaLimit(record: Pick<RunRecord, "size">, series: Series): ReplicaLimit | undefined {
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
    requestsPerCpuSecond: requestsPerSecond / (replicaShare * byReplica.size * sizeOf(record).cpu),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0) / numbers.length;
}
