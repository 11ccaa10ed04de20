import RENAMED from "./renames.json";

/** From 0 to 1. At 0.8 a forgotten `_total` and a typo are alike, and little else. */
const MIN_LIKENESS = 0.8;
const MAX_SUGGESTIONS = 3;

/** What could be meant by a metric that is not among the known ones. */
export function suggestion(metric: string, known: readonly string[]): string {
  const rename = RENAMES.find(({ from }) => from === metric);
  if (rename !== undefined) return `${rename.since} renamed it to ${rename.to}`;
  const alike = known
    .map((name) => ({ name, likeness: likeness(metric, name) }))
    .filter((one) => one.likeness >= MIN_LIKENESS)
    .toSorted((one, other) => other.likeness - one.likeness || (one.name < other.name ? -1 : 1));
  const names = alike.slice(0, MAX_SUGGESTIONS).map(({ name }) => name);
  return names.length === 0 ? "nothing has a similar name" : `did you mean ${names.join(" or ")}?`;
}

/** Dice's coefficient of the pairs of letters: 1 for equal names, 0 for names without a common pair. */
export function likeness(one: string, other: string): number {
  const [left, right] = [pairsOf(one), pairsOf(other)];
  if (left.length + right.length === 0) return one === other ? 1 : 0;
  const rest = [...right];
  let shared = 0;
  for (const pair of left) {
    const at = rest.indexOf(pair);
    if (at === -1) continue;
    rest.splice(at, 1);
    shared += 1;
  }
  return (2 * shared) / (left.length + right.length);
}

function pairsOf(text: string): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2));
}

/**
 * Metrics that older dashboards ask for, and their names in the versions of the stand. Sources: the changelogs, and
 * https://www.postgresql.org/docs/17/release-17.html for pg_stat_bgwriter.
 */
export const RENAMES = Object.entries<Readonly<Record<string, string>>>(RENAMED).flatMap(([since, names]) =>
  Object.entries(names).map(([from, to]) => ({ from, to, since })),
);
