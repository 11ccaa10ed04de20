import { median } from "@goldenring/run-kit";
import type { ResourceRow, ResourceUse, Series, SeriesRow } from "../record/record.ts";

export const RESOURCE_KINDS = ["replica", "database", "ingress", "k6", "computer"] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number] | "other";

/** Machines of the stand are named for their roles; the baseline runs on the replicas. */
const NAMES: readonly (readonly [RegExp, ResourceKind])[] = [
  [/^(api|baseline)(-|$)/, "replica"],
  [/^(pg|postgres)(-|$)/, "database"],
  [/^(ingress|haproxy)(-|$)/, "ingress"],
  [/^k6$/, "k6"],
  [/^computer$/, "computer"],
];

export function kindOf(name: string): ResourceKind {
  return NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? "other";
}

/** Of all answers in these rows, such as `GET /Cities/{id}`; sorted. */
export function routeNames(rows: readonly SeriesRow[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row.routes)))].sort();
}

/** Measured at a moment of this computer's clock. */
export interface UseSample {
  /** Unix time, ms. */
  readonly at: number;
  readonly parts: ResourceUse[];
}

/** @param startedAt the beginning of the run's clock, Unix time, ms; earlier samples are dropped */
export function onRunClock(samples: readonly UseSample[], startedAt: number): ResourceRow[] {
  return samples.filter(({ at }) => at > startedAt).map(({ at, parts }) => ({ t: (at - startedAt) / 1000, parts }));
}

/** k6 and each machine are measured at different moments: one row for each second, with all of them. What was measured twice: the later one. */
export function bySecond(rows: readonly ResourceRow[]): ResourceRow[] {
  const seconds = Map.groupBy(rows, ({ t }) => Math.round(t));
  return [...seconds]
    .sort(([one], [other]) => one - other)
    .map(([t, of]) => {
      const byName = new Map<string, ResourceUse>();
      for (const use of of.flatMap(({ parts }) => parts)) byName.set(use.name, { ...byName.get(use.name), ...use });
      return { t, parts: [...byName.values()] };
    });
}

/** The largest use among the resources of a kind; undefined where none was measured. */
export function mostUsed(row: ResourceRow, kind: ResourceKind, useOf: (resource: ResourceUse) => number | undefined) {
  const uses = row.parts.flatMap((part) => (kindOf(part.name) === kind ? (useOf(part) ?? []) : []));
  return uses.length === 0 ? undefined : Math.max(...uses);
}

/** Median over the seconds of the CPU share of a second's busiest resource of a kind; undefined where none was measured. */
export function cpuOf({ parts = [] }: Pick<Series, "parts">, kind: ResourceKind): number | undefined {
  const shares = parts.flatMap((row) => mostUsed(row, kind, ({ cpuShare }) => cpuShare) ?? []);
  return shares.length === 0 ? undefined : median(shares);
}

/** The rows of a part of a run. @param from @param to seconds from its start */
export function cutSeries(series: Series, from: number, to: number): Series {
  const isWithin = ({ t }: { readonly t: number }): boolean => t > from && t <= to;
  return { ...series, rows: series.rows.filter(isWithin), parts: series.parts?.filter(isWithin) };
}

/** A measured share may be a little outside: CPU time is counted in ticks. */
export function clampShare(share: number): number {
  return Math.min(1, Math.max(0, share));
}
