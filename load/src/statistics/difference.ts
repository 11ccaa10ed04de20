import { median } from "@goldenring/run-kit";
import { minPossible, rankTest } from "./rank-test.ts";

/** Maximum chance that two sets which do not differ are judged to differ. */
const LEVEL = 0.05;

/** The text under every table of differences. */
export const METHOD =
  "A figure is the median of a set's runs, with minimum and maximum. A difference exceeds the spread when the exact two-sided " +
  "Mann-Whitney test over whole runs gives p of at most 0.05, which needs four runs in each set (or 3 and 5). With fewer, " +
  "no difference can be told from chance, however large it looks. Each row is a separate test: of twenty rows, one may differ by chance.";

export type Difference = NonNullable<ReturnType<typeof differenceOf>>;

/**
 * How one figure differs between two sets of repeated runs: its median, and that as a share of the one's where this is not 0; `judgement`: by more
 * than the runs of a set differ among themselves, no more than chance explains, or too few runs for either. Undefined when a set has no such figure.
 */
export function differenceOf(one: readonly number[], other: readonly number[]) {
  if (one.length === 0 || other.length === 0) return undefined;
  const middle = median(one);
  const absolute = median(other) - middle;
  const relative = middle === 0 ? undefined : absolute / Math.abs(middle);
  const p = minPossible(one.length, other.length) <= LEVEL ? rankTest(one, other) : undefined;
  const judgement = p === undefined ? "cannot tell" : p <= LEVEL ? "exceeds" : "within";
  return { absolute, relative, judgement, p } as const;
}
