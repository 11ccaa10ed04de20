import type { ViolationKind } from "../check/violation.ts";
import type { Expectation } from "../experiment/experiment.ts";
import { METRICS, type MetricName } from "../experiment/metrics.ts";
import { type RequestFigures, type Summary, summarize, wholeRun } from "../history/summary.ts";
import { judgeRoles, timeToNewPrimary } from "../roles/verdict.ts";
import { type Evidence, type Figure, newPrimaryAfterFault } from "./evidence.ts";
import { OF_MONITORING } from "./monitoring-figures.ts";

export function figureOf(expectation: Expectation, evidence: Evidence): Figure {
  const { metric } = expectation;
  if (metric === "newPrimary") return newPrimary(expectation, evidence);
  const ofMonitoring = OF_MONITORING[metric];
  if (ofMonitoring) return ofMonitoring(expectation, evidence);
  const ofTime = OF_TIME[metric];
  if (ofTime) return overTimes(metric, ofTime, timesOf(expectation, evidence));
  return OF_ROUND[metric]?.(evidence) ?? { unknown: `${metric} is not known` };
}

interface Requests {
  readonly reads: RequestFigures;
  readonly writes: RequestFigures;
  readonly background: RequestFigures | undefined;
}

type OfTime = (requests: Requests) => Figure;

const ofReads =
  (of: (reads: RequestFigures) => number, isAnswered = false): OfTime =>
  ({ reads }) =>
    (isAnswered ? reads.ok : reads.count) === 0 ? { unknown: "there was no read" } : { value: of(reads) };
const ofWrites =
  (of: (writes: RequestFigures) => number, isAnswered = false): OfTime =>
  ({ writes }) =>
    (isAnswered ? writes.ok : writes.count) === 0 ? { unknown: "there was no write" } : { value: of(writes) };

const OF_TIME: Readonly<Partial<Record<MetricName, OfTime>>> = {
  failedReads: ({ reads, background }) =>
    reads.count === 0 ? { unknown: "there was no read" } : { value: reads.failed + (background?.failed ?? 0) },
  failedWrites: ofWrites(({ failed, unknown }) => failed + unknown),
  slowReads: ofReads(({ slowerThan5s }) => slowerThan5s),
  slowWrites: ofWrites(({ slowerThan5s }) => slowerThan5s),
  longestReadGap: ofReads(({ longestGap }) => longestGap),
  longestWriteGap: ofWrites(({ longestGap }) => longestGap),
  longestRead: ofReads(({ longest }) => longest),
  longestWrite: ofWrites(({ longest }) => longest),
  p95Reads: ofReads(({ p95 }) => p95, true),
  p95Writes: ofWrites(({ p95 }) => p95, true),
  staleMarkedReads: ofReads(({ staleMarked }) => staleMarked),
};

/** The requests of each stage that counts, or of the whole round. */
function timesOf({ during }: Expectation, { history, background, stages, from }: Evidence): readonly Requests[] {
  const windows =
    during === undefined
      ? [wholeRun(history)]
      : stages
          .filter(({ name }) => during.includes(name))
          .map((stage) => ({ name: stage.name, from: from + stage.from, to: from + stage.to }));
  return windows.map((window) => {
    const { reads, writes }: Summary = summarize(history, window);
    return { reads, writes, background: background && summarize(background, window).reads };
  });
}

/** Requests add up; of times the longest counts. */
function overTimes(metric: MetricName, of: OfTime, times: readonly Requests[]): Figure {
  const values: number[] = [];
  for (const requests of times) {
    const figure = of(requests);
    if (!("value" in figure)) return figure;
    values.push(figure.value);
  }
  if (values.length === 0) return { unknown: "its stages did not run" };
  const isCount = METRICS[metric].unit === "requests";
  return { value: isCount ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values) };
}

type OfRound = (evidence: Evidence) => Figure;

const violations =
  (kinds: readonly ViolationKind[], known: (evidence: Evidence) => boolean): OfRound =>
  (evidence) =>
    known(evidence)
      ? { value: evidence.verdict.violations.filter(({ kind }) => kinds.includes(kind)).length }
      : { unknown: "it was not checked" };

const isStoredKnown: (evidence: Evidence) => boolean = (evidence) => evidence.isStoredKnown;
const isFreshnessKnown: (evidence: Evidence) => boolean = (evidence) => evidence.isFreshnessKnown;

const OF_ROUND: Readonly<Partial<Record<MetricName, OfRound>>> = {
  lostWrites: violations(["lost"], isStoredKnown),
  duplicatedWrites: violations(["duplicated"], isStoredKnown),
  staleReads: violations(["stale-read", "read-went-back", "contradictory-reads"], isFreshnessKnown),
  otherViolations: violations(["refused-but-stored", "invented", "wrong-value", "nodes-differ"], isStoredKnown),
  twoPrimaries: ({ samples }) =>
    samples.length === 0 ? { unknown: "roles were not sampled" } : { value: judgeRoles(samples).twoPrimaries.length },
  primaryMoved: ({ before, after }) =>
    before.primary === undefined || after?.primary === undefined
      ? { unknown: "the primary is not known" }
      : { value: before.primary === after.primary ? 0 : 1 },
  recovery: ({ recovery }) =>
    recovery === null ? { missed: "it did not return to its steady state" } : { value: recovery },
};

/** Of a stage: only one that came before its end. */
function newPrimary({ during }: Expectation, evidence: Evidence): Figure {
  const { stages, from, samples } = evidence;
  const stage = during && stages.find(({ name }) => name === during[0]);
  const value = during ? stage && timeToNewPrimary(samples, from + stage.from) : newPrimaryAfterFault(evidence);
  if (value === undefined || (stage && value > stage.to - stage.from)) return { unknown: "there was no new primary" };
  return { value };
}
