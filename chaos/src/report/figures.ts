import { plural, spreadOf, timeOrCount } from "@goldenring/run-kit";
import type { ExperimentRun, Failover, JudgedExpectation, RoundFigures, RoundRecord } from "../run/record.ts";

export interface Figure {
  readonly name: string;
  readonly unit: "ms" | "";
  /** Which way is better; undefined where neither is. */
  readonly better: "less" | "more" | undefined;
  readonly of: (figures: RoundFigures) => number | null;
}

/** Before the part of a failover, in the name of its figure. */
export const FAILOVER = "Failover: ";

/** In the order in which a reader asks for them. The names are also those of docs/results/*.json. */
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
  ofFailover("detection", ({ detection }) => detection),
  ofFailover("leader key", ({ key }) => key),
  ofFailover("promotion", ({ promotion }) => promotion),
  ofFailover("then HAProxy", ({ haproxy }) => haproxy),
  ofFailover("then the API", ({ search }) => search),
  time("Time from the last undo until the steady state", ({ recovery }) => recovery),
  count("Violations found by the history checker", ({ violations }) => violations.length),
  count("Two primaries at once", ({ twoPrimaries }) => twoPrimaries),
  count("Failed requests of the background load", ({ background }) => background && notAcknowledged(background)),
  time("Background load, P95", ({ background }) => background?.p95 ?? null),
  count("Reads marked stale", ({ reads }) => reads.staleMarked),
  count("Reads marked stale and older than an acknowledged write", ({ staleMarkedAndOld }) => staleMarkedAndOld),
  count("Writes of unknown outcome that are stored", ({ recoveredWrites }) => recoveredWrites),
  count("Reads", ({ reads }) => reads.count, "more"),
  count("Writes", ({ writes }) => writes.count, "more"),
  count("Acknowledged writes", ({ acknowledgedWrites }) => acknowledgedWrites, "more"),
  { name: "Reads whose freshness was judged", unit: "", better: undefined, of: ({ judgedReads }) => judgedReads },
];

function count(name: string, of: Figure["of"], better: Figure["better"] = "less"): Figure {
  return { name, unit: "", better, of };
}

function time(name: string, of: Figure["of"]): Figure {
  return { name, unit: "ms", better: "less", of };
}

function ofFailover(part: string, of: (failover: Failover) => number | null): Figure {
  return time(`${FAILOVER}${part}`, ({ failover }) => failover && of(failover));
}

function notAcknowledged({ failed, unknown }: Pick<RoundFigures["reads"], "failed" | "unknown">): number {
  return failed + unknown;
}

export function valuesOf({ of }: Figure, { rounds }: Pick<ExperimentRun, "rounds">): number[] {
  return rounds.flatMap(({ figures }) => of(figures) ?? []);
}

/** Of the values of all rounds; undefined without any. The worst is the end of the spread that is not wanted. */
export function summaryOf({ better }: Pick<Figure, "better">, values: readonly number[]) {
  const { median, min, max } = spreadOf(values);
  return values.length === 0 ? undefined : { median, worst: better === "more" ? min : max };
}

type Summary = Pick<JudgedExpectation, "median" | "worst">;

/** "1.67 s / 1.88 s": median and worst; one of them where they are the same. */
export function medianAndWorst(summary: Summary | undefined, unit: string): string {
  const [median, worst] = [timeOrCount(summary?.median, unit), timeOrCount(summary?.worst, unit)];
  return median === worst ? median : `${median} / ${worst}`;
}

/** The round to look at first: the most expectations missed, then the longest time without an acknowledged write. */
export function worstRound({ rounds }: Pick<ExperimentRun, "rounds">): RoundRecord | undefined {
  const missed = ({ verdicts }: RoundRecord): number => verdicts.filter(({ verdict }) => verdict === "missed").length;
  return rounds.toSorted(
    (one, other) => missed(other) - missed(one) || other.figures.writes.longestGap - one.figures.writes.longestGap,
  )[0];
}

const PARTS: Readonly<Record<string, string>> = { lost: "lost", duplicated: "stored twice", stale: "read stale" };

/** Only what was checked is said to be well. */
function nothingWrong({ notChecked = {} }: RoundFigures): string {
  const checked = Object.keys(PARTS).filter((part) => notChecked[part] === undefined);
  const others = Object.keys(PARTS).filter((part) => notChecked[part] !== undefined);
  const words = (parts: readonly string[]): string =>
    parts
      .map((part) => PARTS[part])
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1");
  return [
    checked.length === 0 ? [] : `nothing ${words(checked)}`,
    others.length === 0 ? [] : `not checked: ${words(others)}`,
  ]
    .flat()
    .join(", ");
}

export function roundText({ figures }: RoundRecord): string {
  const { reads, writes, newPrimary, violations, twoPrimaries } = figures;
  const wrong = violations.length + twoPrimaries;
  return [
    `${reads.failed} of ${plural(reads.count, "read")} and ${notAcknowledged(writes)} of ${plural(writes.count, "write")} failed`,
    `longest time without an acknowledged write ${timeOrCount(writes.longestGap, "ms")}`,
    newPrimary === null ? "no new primary" : `new primary after ${timeOrCount(newPrimary, "ms")}`,
    wrong === 0 ? nothingWrong(figures) : plural(wrong, "violation"),
  ].join(", ");
}
