import { renamed } from "./renames.ts";

/** How alike two names must be, 0 to 1: 0.8 lets a forgotten `_total` and a typo through, and little else. */
const ALIKE = 0.8;
const AT_MOST = 3;

/**
 * What could be meant by a metric that does not exist.
 *
 * @param known the names that there are
 */
export function suggestion(metric: string, known: readonly string[]): string {
  const rename = renamed(metric);
  if (rename !== undefined) return `it is called ${rename.to} since ${rename.since}`;
  const alike = known
    .map((name) => ({ name, likeness: likeness(metric, name) }))
    .filter((one) => one.likeness >= ALIKE)
    .toSorted((one, other) => other.likeness - one.likeness || (one.name < other.name ? -1 : 1));
  return alike.length === 0
    ? "nothing has a similar name"
    : `did you mean ${alike
        .slice(0, AT_MOST)
        .map(({ name }) => name)
        .join(" or ")}?`;
}

/** Dice's coefficient of the pairs of letters: 1 for the same names, 0 for names without a pair in common. */
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
