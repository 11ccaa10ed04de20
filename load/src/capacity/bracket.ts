/** A measured step as the search sees it: so many users, and whether every objective held. */
export interface Measured {
  readonly users: number;
  readonly held: boolean;
}

export type Verdict = "held" | "broke" | "open";

export interface Votes {
  readonly held: number;
  readonly broke: number;
}

export interface Bracket {
  /** Most users that held below the fewest that did not; 0 when nothing held. */
  readonly held: number;
  /** Fewest users that did not hold; undefined when nothing broke. */
  readonly broke: number | undefined;
}

export function votesByUsers(steps: readonly Measured[]): ReadonlyMap<number, Votes> {
  const votes = new Map<number, Votes>();
  for (const { users, held } of steps) {
    const before = votes.get(users) ?? { held: 0, broke: 0 };
    votes.set(users, held ? { ...before, held: before.held + 1 } : { ...before, broke: before.broke + 1 });
  }
  return votes;
}

/**
 * A disturbance breaks a step that would have held, hardly ever the other way round: so one step that broke decides nothing, while
 * one that held is believed until the bracket is narrow.
 *
 * @param repeats of one step at most, odd
 */
export function verdictOf({ held, broke }: Votes, repeats: number): Verdict {
  if (!isSettled({ held, broke }, repeats) && (held === broke || (held === 0 && broke === 1))) return "open";
  return held > broke ? "held" : "broke";
}

/** Whether repeating the step could not change its verdict any more. */
export function isSettled({ held, broke }: Votes, repeats: number): boolean {
  return Math.max(held, broke) > repeats / 2;
}

/** What the steps so far say; later ones may overturn it. */
export function bracketOf(steps: readonly Measured[], repeats: number): Bracket {
  const verdicts = [...votesByUsers(steps)].map(([users, votes]) => ({ users, verdict: verdictOf(votes, repeats) }));
  const usersWith = (wanted: Verdict): number[] =>
    verdicts.filter(({ verdict }) => verdict === wanted).map(({ users }) => users);
  const broke = Math.min(...usersWith("broke"));
  const held = Math.max(0, ...usersWith("held").filter((users) => users < broke));
  return { held, broke: broke === Number.POSITIVE_INFINITY ? undefined : broke };
}
