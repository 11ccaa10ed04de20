import type { ExperimentRun, RoundFigures, RoundRecord } from "../run/record.ts";

/** One figure of a round, for tables. */
export interface Figure {
  readonly name: string;
  readonly unit: "ms" | "";
  /** Which way is better; undefined where neither is. */
  readonly better?: "less" | "more";
  readonly of: (figures: RoundFigures) => number | null;
}

type Requests = RoundFigures["reads"];

/** In the order in which a reader asks for them. */
export const FIGURES: readonly Figure[] = [
  count("Failed reads", ({ reads }) => reads.failed),
  count("Failed writes, those of unknown outcome included", ({ writes }) => notAcknowledged(writes)),
  count("Reads slower than 5 s", ({ reads }) => reads.slowerThan5s),
  count("Writes slower than 5 s", ({ writes }) => writes.slowerThan5s),
  time("Longest time without an answered read", ({ reads }) => reads.longestGap),
  time("Longest time without an acknowledged write", ({ writes }) => writes.longestGap),
  time("Slowest read", ({ reads }) => reads.longest),
  time("Slowest write", ({ writes }) => writes.longest),
  time("Reads, P95", ({ reads }) => reads.p95),
  time("Writes, P95", ({ writes }) => writes.p95),
  time("Time to a new primary", ({ newPrimary }) => newPrimary),
  time("Time from the last undo until all was as before", ({ recovery }) => recovery),
  count("What the history checker found wrong", ({ violations }) => violations.length),
  count("Two primaries at once", ({ twoPrimaries }) => twoPrimaries),
  count("Failed requests of the background load", ({ background }) => background && notAcknowledged(background)),
  time("Background load, P95", ({ background }) => background?.p95 ?? null),
  count("Reads that said that they were not confirmed", ({ reads }) => reads.staleMarked),
  count("Of these older than an acknowledged write", ({ staleMarkedAndOld }) => staleMarkedAndOld),
  count("Writes of unknown outcome that are stored", ({ recoveredWrites }) => recoveredWrites),
  { name: "Reads", unit: "", better: "more", of: ({ reads }) => reads.count },
  { name: "Writes", unit: "", better: "more", of: ({ writes }) => writes.count },
  { name: "Acknowledged writes", unit: "", better: "more", of: ({ acknowledgedWrites }) => acknowledgedWrites },
  { name: "Reads whose freshness was judged", unit: "", of: ({ judgedReads }) => judgedReads },
];

function count(name: string, of: Figure["of"]): Figure {
  return { name, unit: "", better: "less", of };
}

function time(name: string, of: Figure["of"]): Figure {
  return { name, unit: "ms", better: "less", of };
}

export function notAcknowledged({ failed, unknown }: Pick<Requests, "failed" | "unknown">): number {
  return failed + unknown;
}

/** Of the rounds that have the figure. */
export function valuesOf({ of }: Figure, { rounds }: Pick<ExperimentRun, "rounds">): number[] {
  return rounds.flatMap(({ figures }) => of(figures) ?? []);
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Undefined of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  const [least] = sorted;
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) return undefined;
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? most) + (sorted[Math.floor(middle)] ?? most)) / 2;
  return { median, least, most };
}

/** The end of the spread that is not wanted. */
export function worstOf({ better }: Pick<Figure, "better">, { least, most }: Spread): number {
  return better === "more" ? least : most;
}

/** The round to look at first: the most expectations missed, then the longest time without an acknowledged write. */
export function worstRound({ rounds }: Pick<ExperimentRun, "rounds">): RoundRecord | undefined {
  const missed = ({ verdicts }: RoundRecord): number => verdicts.filter(({ verdict }) => verdict === "missed").length;
  return rounds.toSorted(
    (one, other) => missed(other) - missed(one) || other.figures.writes.longestGap - one.figures.writes.longestGap,
  )[0];
}

/** What a round came to, in one sentence. */
export function roundInWords({ figures }: RoundRecord, inWords: (figure: number, unit: "ms") => string): string {
  const { reads, writes, newPrimary, violations, twoPrimaries } = figures;
  const wrong = violations.length + twoPrimaries;
  return [
    `${reads.failed} of ${reads.count} reads and ${notAcknowledged(writes)} of ${writes.count} writes failed`,
    `longest time without an acknowledged write ${inWords(writes.longestGap, "ms")}`,
    newPrimary === null ? "no new primary" : `new primary after ${inWords(newPrimary, "ms")}`,
    wrong === 0
      ? "nothing lost, stored twice or read stale"
      : `${wrong} ${wrong === 1 ? "thing" : "things"} that must not happen`,
  ].join(", ");
}
