import type { ViolationKind } from "../check/violation.ts";
import type { Expectation } from "../experiment/experiment.ts";
import type { MetricName } from "../experiment/metrics.ts";
import { type RequestFigures, summarize, wholeRun } from "../history/summary.ts";
import { judgeRoles, timeToNewPrimary } from "../roles/verdict.ts";
import { type Evidence, type Figure, newPrimaryAfterFault } from "./evidence.ts";
import { OF_MONITORING } from "./monitoring-figures.ts";

type FigureOf = (expectation: Expectation, evidence: Evidence) => Figure;

export const figureOf: FigureOf = (expectation, evidence) => FIGURES[expectation.metric](expectation, evidence);

interface Requests {
  readonly reads: RequestFigures;
  readonly writes: RequestFigures;
  readonly background: RequestFigures | undefined;
}

type Lane = "reads" | "writes";
type OfRequests = (figures: RequestFigures, all: Requests) => number;

/** The requests of each stage that counts, or of the whole round. */
function timesOf({ during }: Expectation, { history, background, stages, from }: Evidence): readonly Requests[] {
  const windows =
    during === undefined
      ? [wholeRun(history)]
      : stages
          .filter(({ name }) => during.includes(name))
          .map((stage) => ({ from: from + stage.from, to: from + stage.to }));
  return windows.map((window) => {
    const { reads, writes } = summarize(history, window);
    return { reads, writes, background: background && summarize(background, window).reads };
  });
}

/** Over the times that count: requests add up. */
const sumOf = (lane: Lane, of: OfRequests) => overTimes(lane, "count", of, (sum, value) => sum + value);

/** Over the times that count: the longest. */
const longestOf = (lane: Lane, of: OfRequests) => overTimes(lane, "count", of, Math.max);

/** As `longestOf`, where only requests that were answered count. */
const longestAnswered = (lane: Lane, of: OfRequests) => overTimes(lane, "ok", of, Math.max);

function overTimes(
  lane: Lane,
  needed: "count" | "ok",
  of: OfRequests,
  join: (one: number, other: number) => number,
): FigureOf {
  return (expectation, evidence) => {
    const times = timesOf(expectation, evidence);
    if (times.some((all) => all[lane][needed] === 0)) return { unknown: `there was no ${lane.slice(0, -1)}` };
    const values = times.map((all) => of(all[lane], all));
    return values.length === 0
      ? { unknown: "its stages did not run" }
      : { value: values.reduce((one, other) => join(one, other)) };
  };
}

function violations(kinds: readonly ViolationKind[], known: "isStoredKnown" | "isFreshnessKnown"): FigureOf {
  return (_, { verdict, [known]: isKnown }) =>
    isKnown
      ? { value: verdict.violations.filter(({ kind }) => kinds.includes(kind)).length }
      : { unknown: "it was not checked" };
}

const FIGURES: Readonly<Record<MetricName, FigureOf>> = {
  failedReads: sumOf("reads", ({ failed }, { background }) => failed + (background?.failed ?? 0)),
  failedWrites: sumOf("writes", ({ failed, unknown }) => failed + unknown),
  slowReads: sumOf("reads", ({ slowerThan5s }) => slowerThan5s),
  slowWrites: sumOf("writes", ({ slowerThan5s }) => slowerThan5s),
  longestReadGap: longestOf("reads", ({ longestGap }) => longestGap),
  longestWriteGap: longestOf("writes", ({ longestGap }) => longestGap),
  longestRead: longestOf("reads", ({ longest }) => longest),
  longestWrite: longestOf("writes", ({ longest }) => longest),
  p95Reads: longestAnswered("reads", ({ p95 }) => p95),
  p95Writes: longestAnswered("writes", ({ p95 }) => p95),
  staleMarkedReads: sumOf("reads", ({ staleMarked }) => staleMarked),
  lostWrites: violations(["lost"], "isStoredKnown"),
  duplicatedWrites: violations(["duplicated"], "isStoredKnown"),
  staleReads: violations(["stale-read", "read-went-back", "contradictory-reads"], "isFreshnessKnown"),
  otherViolations: violations(["refused-but-stored", "invented", "wrong-value", "nodes-differ"], "isStoredKnown"),
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
