import { CommandError, median } from "@goldenring/run-kit";
import { OBJECTIVES, type Objectives } from "@goldenring/stand";
import * as z from "zod";
import type { ResourceRow, RunRecord, Series, SeriesRow } from "../record/record.ts";
import { mostUsed, RESOURCE_KINDS } from "../resources/resources.ts";
import { mixedPercentile } from "../statistics/mixed-percentile.ts";
import type { StepTimes } from "./find-capacity.ts";
import { replicaLimit } from "./replica-limit.ts";
import { type Saturation, saturationOf } from "./saturation.ts";

/** One step of a search with what was measured in it; over the hold only, but for what gave out. */
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
  saturation: z.object({
    first: z.string(),
    exhausted: z.array(z.object({ cause: z.string(), since: z.number(), peak: z.number() })),
  }),
  /** CPU of the busiest part of each kind, median over the hold. */
  shares: z.record(z.string(), z.number()).optional(),
  replicaLimit: z
    .object({
      replicaShare: z.number(),
      requestsPerSecond: z.number(),
      limitRequestsPerSecond: z.number(),
      requestsPerCpuSecond: z.number(),
    })
    .optional(),
});
export type StepResult = z.infer<typeof StepResult>;

/**
 * Judges the run of one step, without its warm-up. A run that ended before its time because an objective broke or the target went
 * away did not hold.
 *
 * @throws {CommandError} when k6 itself failed or was ended: such a step says nothing about the service
 */
export function judgeStep(
  { endedBy, computer, options }: Pick<RunRecord, "endedBy" | "computer" | "options">,
  series: Series,
  users: number,
  { warmUpSeconds, holdSeconds }: StepTimes,
  objectives: Objectives = OBJECTIVES,
): StepResult {
  if (endedBy === "k6 failed" || endedBy === "interrupted")
    throw new CommandError(`the step with ${users} users was not measured: ${endedBy}`);
  const end = warmUpSeconds + holdSeconds;
  const hold = series.rows.filter(({ t }) => t > warmUpSeconds && t <= end);
  const requests = sum(hold, ({ requests: each }) => each);
  const failed = sum(hold, ({ failed: each }) => each);
  const [p90, p95] = [mixedPercentile(hold, 0.9), mixedPercentile(hold, 0.95)];
  const errorShare = failed / Math.max(1, requests);
  // Only a sample of the bodies is looked into, and only they count as checks.
  const checks = requests * options.bodyCheckShare;
  const checksFailedShare = sum(hold, ({ checksFailed }) => checksFailed) / Math.max(1, checks);
  const misses = [
    endedBy === "objective missed" && "an objective broke before the hold was over",
    endedBy === "target unreachable" && "the target went away",
    requests === 0 && "no answers",
    (p95 ?? 0) > objectives.p95Ms && `p95 ${Math.round(p95 ?? 0)} ms, objective ${objectives.p95Ms}`,
    (p90 ?? 0) > objectives.p90Ms && `p90 ${Math.round(p90 ?? 0)} ms, objective ${objectives.p90Ms}`,
    errorShare > objectives.errorShare && `${percent(errorShare)} failed, objective ${percent(objectives.errorShare)}`,
    checksFailedShare > 1 - objectives.checksShare && `${percent(checksFailedShare)} of the bodies are wrong`,
  ].filter((miss) => miss !== false);
  const own = replicaLimit(series, warmUpSeconds, end);
  const shares = sharesOf((series.parts ?? []).filter(({ t }) => t > warmUpSeconds && t <= end));
  return {
    users,
    held: misses.length === 0,
    misses,
    requestsPerSecond: requests / Math.max(1, hold.length),
    ...(p90 === undefined ? {} : { p90 }),
    ...(p95 === undefined ? {} : { p95 }),
    errorShare,
    saturation: mutable(saturationOf({ computer }, series)),
    ...(Object.keys(shares).length === 0 ? {} : { shares }),
    ...(own === undefined ? {} : { replicaLimit: own }),
  };
}

function sharesOf(rows: readonly ResourceRow[]): Record<string, number> {
  const found = RESOURCE_KINDS.map((kind) => {
    const shares = rows.flatMap((row) => mostUsed(row, kind, ({ cpuShare }) => cpuShare) ?? []);
    return [kind, median(shares)] as const;
  });
  return Object.fromEntries(found.filter(([, share]) => Number.isFinite(share)));
}

function mutable({ first, exhausted }: Saturation): StepResult["saturation"] {
  return { first, exhausted: [...exhausted] };
}

function sum(rows: readonly SeriesRow[], of: (row: SeriesRow) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
