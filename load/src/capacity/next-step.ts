import { bracketOf, isSettled, type Measured, verdictOf, votesByUsers } from "./bracket.ts";

export interface SearchOptions {
  /** Users of the first step. */
  readonly start: number;
  /** The search goes no higher. */
  readonly max: number;
  /** Width of the bracket at the end, as a share of its upper end. */
  readonly resolution: number;
  /** Times a step at an end of the last bracket is measured at most; odd, the majority decides. */
  readonly repeats: number;
}

/**
 * The users of the next step, from nothing but the steps so far: doubling until one breaks, bisection until the bracket is narrow, then
 * repetitions of its two ends until each has its majority. An end that is overturned moves the bracket.
 *
 * @returns undefined when the search is at its end
 */
export function nextStep(steps: readonly Measured[], options: SearchOptions): number | undefined {
  const { start, max, resolution, repeats } = options;
  const votes = votesByUsers(steps);
  const open = [...votes].find(([, each]) => verdictOf(each, repeats) === "open");
  if (open) return open[0];
  const { held, broke } = bracketOf(steps, repeats);
  const unsettled = (users: number): boolean => !isSettled(votes.get(users) ?? { held: 0, broke: 0 }, repeats);
  if (broke === undefined) {
    if (held < max) return Math.min(max, held === 0 ? start : held * 2);
    return unsettled(max) ? max : undefined;
  }
  if (broke - held > Math.max(1, broke * resolution)) return middle(held, broke);
  return [held, broke].find((users) => users > 0 && unsettled(users));
}

/** Whole users between the two, and neither of them. */
function middle(held: number, broke: number): number {
  return Math.floor((held + broke) / 2);
}
