import { CommandError, median } from "@goldenring/run-kit";
import * as z from "zod";
import type { ResourceRow, RunRecord, Series, SeriesRow } from "../record/record.ts";
import { inWords, judge } from "../record/verdict.ts";
import { mostUsed, RESOURCE_KINDS } from "../resources/resources.ts";
import { mixedPercentile } from "../statistics/mixed-percentile.ts";
import type { StepTimes } from "./find-capacity.ts";
import { ReplicaLimit, replicaLimit } from "./replica-limit.ts";
import { Saturation, saturationOf } from "./saturation.ts";

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
 * Judges the run of one step, without its warm-up. A run that ended early because an objective was missed or the target stopped answering did not
 * hold.
 *
 * @throws {CommandError} when k6 itself failed or was ended: such a step shows nothing about the service
 */
export function judgeStep(
  { endedBy, computer, options }: Pick<RunRecord, "endedBy" | "computer" | "options">,
  series: Series,
  users: number,
  { warmUpSeconds, holdSeconds }: StepTimes,
): StepResult {
  if (endedBy === "k6 failed" || endedBy === "interrupted") {
    throw new CommandError(`The step with ${users} users was not measured: ${endedBy}`);
  }
  const end = warmUpSeconds + holdSeconds;
  const inHold = ({ t }: { readonly t: number }): boolean => t > warmUpSeconds && t <= end;
  const hold = series.rows.filter(inHold);
  const requests = sum(hold, (row) => row.requests);
  const [p90, p95] = [mixedPercentile(hold, 0.9), mixedPercentile(hold, 0.95)];
  const errorShare = sum(hold, ({ failed }) => failed) / Math.max(1, requests);
  // Only a sample of the bodies is checked.
  const checked = Math.max(1, requests * options.bodyCheckShare);
  const checks = 1 - sum(hold, ({ checksFailed }) => checksFailed) / checked;
  const missed = judge({ p95, p90, errors: errorShare, checks }).filter(
    ({ actual, isHeld }) => actual !== undefined && !isHeld,
  );
  const misses = [
    endedBy === "objective missed" && "an objective was missed before the hold was over",
    endedBy === "target unreachable" && "the target stopped answering",
    requests === 0 && "no answers",
    ...missed.map(inWords),
  ].filter((miss) => miss !== false);
  const limit = replicaLimit(series, warmUpSeconds, end);
  const shares = sharesOf((series.parts ?? []).filter(inHold));
  return {
    users,
    held: misses.length === 0,
    misses,
    requestsPerSecond: requests / Math.max(1, hold.length),
    ...(p90 === undefined ? {} : { p90 }),
    ...(p95 === undefined ? {} : { p95 }),
    errorShare,
    saturation: saturationOf({ computer }, series),
    ...(Object.keys(shares).length === 0 ? {} : { shares }),
    ...(limit === undefined ? {} : { replicaLimit: limit }),
  };
}

function sharesOf(rows: readonly ResourceRow[]): Record<string, number> {
  const found = RESOURCE_KINDS.map((kind) => {
    const shares = rows.flatMap((row) => mostUsed(row, kind, ({ cpuShare }) => cpuShare) ?? []);
    return [kind, median(shares)] as const;
  });
  return Object.fromEntries(found.filter(([, share]) => Number.isFinite(share)));
}

function sum(rows: readonly SeriesRow[], of: (row: SeriesRow) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}
