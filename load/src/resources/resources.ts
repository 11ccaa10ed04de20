import type { ResourceRow, ResourceUse } from "../record/record.ts";

export const RESOURCE_KINDS = ["replica", "database", "ingress", "k6", "computer"] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number] | "other";

/** Machines of the stand are named for their roles; the baseline stands where the replicas do. */
const NAMES: readonly (readonly [RegExp, ResourceKind])[] = [
  [/^(api|baseline)(-|$)/, "replica"],
  [/^(pg|postgres)(-|$)/, "database"],
  [/^(ingress|haproxy)(-|$)/, "ingress"],
  [/^k6$/, "k6"],
  [/^computer$/, "computer"],
];

export function kindOf(part: string): ResourceKind {
  return NAMES.find(([name]) => name.test(part))?.[1] ?? "other";
}

/** Of all parts in these rows, in the order in which they first appear. */
export function resourceNames(rows: readonly ResourceRow[]): string[] {
  return [...new Set(rows.flatMap(({ parts }) => parts.map(({ name }) => name)))];
}

/** Who measures k6 and who measures the stand do so at different moments: one row for each second, with all parts. */
export function bySecond(rows: readonly ResourceRow[]): ResourceRow[] {
  const seconds = Map.groupBy(rows, ({ t }) => Math.round(t));
  return [...seconds]
    .sort(([one], [other]) => one - other)
    .map(([t, of]) => ({ t, parts: merged(of.flatMap(({ parts }) => parts)) }));
}

/** What several have measured of one part; twice the same within a second: the later one. */
function merged(uses: readonly ResourceUse[]): ResourceUse[] {
  const byName = new Map<string, ResourceUse>();
  for (const use of uses) byName.set(use.name, { ...byName.get(use.name), ...use });
  return [...byName.values()];
}

/** The largest use among the parts of a kind; undefined where none was measured. */
export function mostUsed(
  row: ResourceRow,
  kind: ResourceKind,
  use: (part: ResourceUse) => number | undefined,
): number | undefined {
  const uses = row.parts.flatMap((part) => (kindOf(part.name) === kind ? (use(part) ?? []) : []));
  return uses.length === 0 ? undefined : Math.max(...uses);
}
