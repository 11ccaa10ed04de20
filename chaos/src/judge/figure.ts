import { median } from "@goldenring/run-kit";
import type { CheckedPart, ViolationKind } from "../check/violation.ts";
import type { Expectation } from "../experiment/experiment.ts";
import type { MetricName } from "../experiment/metrics.ts";
import { type RequestFigures, summarize, wholeRun } from "../history/summary.ts";
import { judgeRoles, timeToNewPrimary } from "../roles/verdict.ts";
import type { JudgedExpectation, RoundVerdict } from "../run/record.ts";
import { type Evidence, type Figure, type FigureOf, newPrimaryAfterFault } from "./evidence.ts";
import { OF_MONITORING } from "./monitoring-figures.ts";

export const figureOf: FigureOf = (expectation, evidence) => FIGURES[expectation.metric](expectation, evidence);

interface Requests extends Readonly<Record<Lane, RequestFigures>> {
  readonly background: RequestFigures | undefined;
}

type Lane = "reads" | "writes";
type OfRequests = (figures: RequestFigures, all: Requests) => number;

/** The requests of each stage that counts, or of the whole round. */
function timesOf({ during }: Expectation, { history, background, stages, from }: Evidence): readonly Requests[] {
  const counted = stages.filter(({ name }) => during?.includes(name));
  const windows = counted.map((stage) => ({ from: from + stage.from, to: from + stage.to }));
  return (during === undefined ? [wholeRun(history)] : windows).map((window) => {
    const { reads, writes } = summarize(history, window);
    return { reads, writes, background: background && summarize(background, window).reads };
  });
}

/** Of each time that counts, joined: numbers add up, of times the longest counts. `needed`: each must have such requests. */
function overTimes(lane: Lane, join: typeof sum, of: OfRequests, needed: "count" | "ok" = "count"): FigureOf {
  return (expectation, evidence) => {
    const times = timesOf(expectation, evidence);
    if (times.some((all) => all[lane][needed] === 0)) return { unknown: `there was no ${lane.slice(0, -1)}` };
    if (times.length === 0) return { unknown: "its stages did not run" };
    return { value: times.map((all) => of(all[lane], all)).reduce((one, other) => join(one, other)) };
  };
}

const sum = (one: number, other: number): number => one + other;
const { max } = Math;

/** Something found is a figure, however much else was not checked. */
function violations(kinds: readonly ViolationKind[], part: CheckedPart): FigureOf {
  return (_, { verdict }) => {
    const value = verdict.violations.filter(({ kind }) => kinds.includes(kind)).length;
    const why = verdict.notChecked[part];
    return value === 0 && why !== undefined ? { unknown: `it was not checked: ${why}` } : { value };
  };
}

const FIGURES: Readonly<Record<MetricName, FigureOf>> = {
  failedReads: overTimes("reads", sum, ({ failed }, { background }) => failed + (background?.failed ?? 0)),
  failedWrites: overTimes("writes", sum, ({ failed, unknown }) => failed + unknown),
  slowReads: overTimes("reads", sum, ({ slowerThan5s }) => slowerThan5s),
  slowWrites: overTimes("writes", sum, ({ slowerThan5s }) => slowerThan5s),
  longestReadGap: overTimes("reads", max, ({ longestGap }) => longestGap),
  longestWriteGap: overTimes("writes", max, ({ longestGap }) => longestGap),
  longestRead: overTimes("reads", max, ({ longest }) => longest),
  longestWrite: overTimes("writes", max, ({ longest }) => longest),
  p95Reads: overTimes("reads", max, ({ p95 }) => p95, "ok"),
  p95Writes: overTimes("writes", max, ({ p95 }) => p95, "ok"),
  staleMarkedReads: overTimes("reads", sum, ({ staleMarked }) => staleMarked),
  lostWrites: violations(["lost"], "lost"),
  duplicatedWrites: violations(["duplicated"], "duplicated"),
  staleReads: violations(["stale-read", "read-went-back", "contradictory-reads"], "stale"),
  otherViolations: violations(["refused-but-stored", "invented", "wrong-value", "nodes-differ"], "other"),
  twoPrimaries: (_, { samples }) =>
    samples.length === 0 ? { unknown: "roles were not sampled" } : { value: judgeRoles(samples).twoPrimaries.length },
  primaryMoved: (_, { before, after }) =>
    before.primary === undefined || after?.primary === undefined
      ? { unknown: "the primary is not known" }
      : { value: before.primary === after.primary ? 0 : 1 },
  newPrimary,
  recovery: (_, { recovery }) =>
    recovery === null ? { missed: "it did not return to its steady state" } : { value: recovery },
  ...OF_MONITORING,
};

/** Of a stage: only one that came before its end. */
function newPrimary({ during }: Expectation, evidence: Evidence): Figure {
  const { stages, from, samples } = evidence;
  const stage = during && stages.find(({ name }) => name === during[0]);
  const value = during ? stage && timeToNewPrimary(samples, from + stage.from) : newPrimaryAfterFault(evidence);
  if (value === undefined || (stage && value > stage.to - stage.from)) return { unknown: "there was no new primary" };
  return { value };
}

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

/** So many rounds have a median that is not the worst of them. */
const MIN_ROUNDS_OF_RUN = 3;

/** Over all rounds: the median and the worst figure; missed when it was missed once, or one of these two is above its limit. */
export function judgeRun(
  expectations: readonly Expectation[],
  rounds: readonly { readonly verdicts: readonly RoundVerdict[] }[],
): JudgedExpectation[] {
  return expectations.map((expectation, index) => {
    const { words, metric, unit, comparison = null, limit = null, medianLimit, worstLimit } = expectation;
    const verdicts = rounds.flatMap((round) => round.verdicts[index] ?? []);
    const figures = verdicts.flatMap(({ figure }) => figure ?? []).toSorted((one, other) => one - other);
    const worst = (comparison === "at least" ? figures[0] : figures.at(-1)) ?? null;
    const middle = figures.length === 0 ? null : median(figures);
    const ofRun =
      figures.length < MIN_ROUNDS_OF_RUN ? [] : [[middle, medianLimit] as const, [worst, worstLimit] as const];
    const targets = ofRun.flatMap(([figure, most]) => (most === undefined ? [] : [Number(figure) <= most]));
    const ofRounds = worstOf(verdicts, limit);
    const isHeld = ofRounds === "measured" && targets.length > 0;
    const verdict = targets.includes(false) ? "missed" : isHeld ? "held" : ofRounds;
    const limits = {
      ...(medianLimit !== undefined && { medianLimit }),
      ...(worstLimit !== undefined && { worstLimit }),
    };
    return { words, metric, unit, comparison, limit, ...limits, median: middle, worst, verdict };
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
