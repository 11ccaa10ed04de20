import type { PartsRow, PartUse } from "../run/record.ts";

export const PART_KINDS = ["replica", "database", "ingress", "k6", "computer"] as const;
export type PartKind = (typeof PART_KINDS)[number] | "other";

/** Machines of the stand are named for their roles; the baseline stands where the replicas do. */
const NAMES: readonly (readonly [RegExp, PartKind])[] = [
  [/^(api|baseline)(-|$)/, "replica"],
  [/^(pg|postgres)(-|$)/, "database"],
  [/^(ingress|haproxy)(-|$)/, "ingress"],
  [/^k6$/, "k6"],
  [/^computer$/, "computer"],
];

export function kindOf(part: string): PartKind {
  return NAMES.find(([name]) => name.test(part))?.[1] ?? "other";
}

/** Of all parts in these rows, in the order in which they first appear. */
export function partNames(rows: readonly PartsRow[]): string[] {
  return [...new Set(rows.flatMap(({ parts }) => parts.map(({ name }) => name)))];
}

/** Who measures k6 and who measures the stand do so at different moments: one row for each second, with all parts. */
export function bySecond(rows: readonly PartsRow[]): PartsRow[] {
  const seconds = Map.groupBy(rows, ({ t }) => Math.round(t));
  return [...seconds]
    .sort(([one], [other]) => one - other)
    .map(([t, of]) => ({ t, parts: merged(of.flatMap(({ parts }) => parts)) }));
}

/** What several have measured of one part; twice the same within a second: the later one. */
function merged(uses: readonly PartUse[]): PartUse[] {
  const byName = new Map<string, PartUse>();
  for (const use of uses) byName.set(use.name, { ...byName.get(use.name), ...use });
  return [...byName.values()];
}

/** The largest use among the parts of a kind; undefined where none was measured. */
export function mostUsed(
  row: PartsRow,
  kind: PartKind,
  use: (part: PartUse) => number | undefined,
): number | undefined {
  const uses = row.parts.flatMap((part) => (kindOf(part.name) === kind ? (use(part) ?? []) : []));
  return uses.length === 0 ? undefined : Math.max(...uses);
}
