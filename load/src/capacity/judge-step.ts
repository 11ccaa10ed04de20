import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";
import type { RunRecord, Series, SeriesRow } from "../record/record.ts";
import { inWords, judge, missedSoFar } from "../record/verdict.ts";
import { cpuOf, cutSeries, RESOURCE_KINDS } from "../resources/resources.ts";
import { mixedPercentile } from "../statistics/mixed-percentile.ts";
import type { StepTimes } from "./find-capacity.ts";
import { ReplicaLimit, replicaLimit, Saturation, saturationOf } from "./saturation.ts";

/** One step of a search with what was measured in it; over the hold only, except for the saturation. */
export const StepResult = z.object({
  users: z.int().positive(),
  held: z.boolean(),
  /** Why it did not hold, in words. */
  misses: z.array(z.string()),
  requestsPerSecond: z.number(),
  /** ms; undefined without answers. */
  p90: z.number().optional(),
  p95: z.number().optional(),
  errorShare: z.number(),
  saturation: Saturation,
  /** CPU of the busiest resource of each kind, median over the hold. */
  shares: z.record(z.string(), z.number()).optional(),
  replicaLimit: ReplicaLimit.optional(),
});
export type StepResult = z.infer<typeof StepResult>;

/**
 * Without its warm-up. A run that ended early because an objective was missed or the target stopped answering did not hold.
 * @throws {CommandError} when k6 itself failed or was ended: such a step shows nothing about the service
 */
export function judgeStep(
  { endedBy, options, ...limits }: Pick<RunRecord, "endedBy" | "computer" | "options" | "size">,
  series: Series,
  users: number,
  { warmUpSeconds, holdSeconds }: StepTimes,
): StepResult {
  if (endedBy === "k6 failed" || endedBy === "interrupted") {
    throw new CommandError(`The step with ${users} users was not measured: ${endedBy}`);
  }
  const hold = cutSeries(series, warmUpSeconds, warmUpSeconds + holdSeconds);
  const sum = (of: (row: SeriesRow) => number): number => hold.rows.reduce((total, row) => total + of(row), 0);
  const requests = sum((row) => row.requests);
  const [p90, p95] = [0.9, 0.95].map((share) => mixedPercentile(hold.rows, share));
  const errorShare = sum(({ failed }) => failed) / Math.max(1, requests);
  // Only a sample of the bodies is checked.
  const checks = 1 - sum(({ checksFailed }) => checksFailed) / Math.max(1, requests * options.bodyCheckShare);
  const misses = [
    endedBy === "objective missed" && "an objective was missed before the hold was over",
    endedBy === "target unreachable" && "the target stopped answering",
    requests === 0 && "no answers",
    ...missedSoFar(judge({ p95, p90, errors: errorShare, checks })).map(inWords),
  ].filter((miss) => miss !== false);
  const uses = RESOURCE_KINDS.map((kind) => [kind, cpuOf(hold, kind)] as const);
  const shares = uses.flatMap(([kind, share]) => (share === undefined ? [] : [[kind, share] as const]));
  return {
    users,
    held: misses.length === 0,
    misses,
    requestsPerSecond: requests / Math.max(1, hold.rows.length),
    p90,
    p95,
    errorShare,
    saturation: saturationOf(limits, series),
    shares: shares.length === 0 ? undefined : Object.fromEntries(shares),
    replicaLimit: replicaLimit(limits, hold),
  };
}
