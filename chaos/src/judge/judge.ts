import { median } from "@goldenring/run-kit";
import type { Expectation } from "../experiment/experiment.ts";
import type { JudgedExpectation, RoundVerdict } from "../run/record.ts";
import type { Evidence } from "./evidence.ts";
import { figureOf } from "./figure.ts";

/** What each expectation came to in a round. */
export function judgeRound(expectations: readonly Expectation[], evidence: Evidence): RoundVerdict[] {
  return expectations.map((expectation) => {
    const figure = figureOf(expectation, evidence);
    if ("missed" in figure) return { figure: null, verdict: "missed", why: figure.missed };
    const { comparison, limit } = expectation;
    if ("unknown" in figure)
      return { figure: null, verdict: limit === undefined ? "measured" : "unknown", why: figure.unknown };
    const { value, why } = figure;
    const reason = why === undefined ? {} : { why };
    if (limit === undefined) return { figure: value, verdict: "measured", ...reason };
    const isHeld = comparison === "at least" ? value >= limit : comparison === "below" ? value < limit : value <= limit;
    return { figure: value, verdict: isHeld ? "held" : "missed", ...reason };
  });
}

/** Over all rounds: the median and the worst figure; missed when it was missed once. */
export function judgeRun(
  expectations: readonly Expectation[],
  rounds: readonly { readonly verdicts: readonly RoundVerdict[] }[],
): JudgedExpectation[] {
  return expectations.map(({ words, metric, unit, comparison = null, limit = null }, index) => {
    const verdicts = rounds.flatMap((round) => round.verdicts[index] ?? []);
    const figures = verdicts.flatMap(({ figure }) => figure ?? []).toSorted((one, other) => one - other);
    const worst = (comparison === "at least" ? figures[0] : figures.at(-1)) ?? null;
    const middle = figures.length === 0 ? null : median(figures);
    return { words, metric, unit, comparison, limit, median: middle, worst, verdict: worstOf(verdicts, limit) };
  });
}

function worstOf(verdicts: readonly RoundVerdict[], limit: number | null): JudgedExpectation["verdict"] {
  const all = new Set(verdicts.map(({ verdict }) => verdict));
  if (all.has("missed")) return "missed";
  if (limit === null) return "measured";
  return all.has("held") && !all.has("unknown") ? "held" : "unknown";
}

/** What was missed, or could not be judged although it has a target. The hypothesis held when there is none. */
export function deviationsIn(judged: readonly JudgedExpectation[]): readonly JudgedExpectation[] {
  return judged.filter(({ verdict }) => verdict === "missed" || verdict === "unknown");
}
