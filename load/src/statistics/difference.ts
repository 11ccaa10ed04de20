import { type Spread, spreadOf } from "@goldenring/run-kit";
import { minPossible, rankTest } from "./rank-test.ts";

/** Maximum chance that two sets which do not differ are judged to differ. */
const LEVEL = 0.05;

/** The text under every table of differences. */
export const METHOD =
  "A figure is the median of a set's runs, with minimum and maximum. A difference exceeds the spread when the exact two-sided " +
  "Mann-Whitney test over whole runs gives p of at most 0.05, which needs four runs in each set (or 3 and 5). With fewer, " +
  "no difference can be told from chance, however large it looks. Each row is a separate test: of twenty rows, one may differ by chance.";

/**
 * `exceeds`: the sets differ by more than their runs do among themselves; `within`: no more than chance explains; `cannot tell`: too
 * few runs for either.
 */
export type Judgement = "exceeds" | "within" | "cannot tell";

export interface Difference {
  readonly one: Spread;
  readonly other: Spread;
  /** Median of the other less that of the one. */
  readonly absolute: number;
  /** The same as a share of the one's median; undefined where that is 0. */
  readonly relative: number | undefined;
  readonly judgement: Judgement;
  /** Undefined when there were too few runs. */
  readonly p: number | undefined;
}

/** How one figure differs between two sets of repeated runs. Undefined when a set has no such figure. */
export function differenceOf(one: readonly number[], other: readonly number[]): Difference | undefined {
  if (one.length === 0 || other.length === 0) return undefined;
  const [first, second] = [spreadOf(one), spreadOf(other)];
  const absolute = second.median - first.median;
  const canTell = minPossible(one.length, other.length) <= LEVEL;
  const p = canTell ? rankTest(one, other) : undefined;
  return {
    one: first,
    other: second,
    absolute,
    relative: first.median === 0 ? undefined : absolute / Math.abs(first.median),
    judgement: p === undefined ? "cannot tell" : p <= LEVEL ? "exceeds" : "within",
    p,
  };
}
