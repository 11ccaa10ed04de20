import type { PartsRow, PartUse } from "../run/record.ts";

export type PartKind = "replica" | "database" | "k6" | "computer" | "other";

/** Machines of the stand are named for their roles; the baseline stands where the replicas do. */
const NAMES: readonly (readonly [RegExp, PartKind])[] = [
  [/^(api|baseline)(-|$)/, "replica"],
  [/^(pg|postgres)(-|$)/, "database"],
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
    .map(([t, of]) => ({ t, parts: of.flatMap(({ parts }) => parts) }));
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
