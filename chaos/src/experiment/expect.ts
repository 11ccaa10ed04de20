import type { Expectation } from "./experiment.ts";
import { METRICS, type MetricName } from "./metrics.ts";

type During = Pick<
  Expectation,
  "medianLimit" | "worstLimit" | "during" | "alert" | "labels" | "mayCome" | "comparedWith"
>;

export function atMost(metric: MetricName, limit: number, words: string, during: During = {}): Expectation {
  return { ...measured(metric, words, during), comparison: "at most", limit };
}

export function below(metric: MetricName, limit: number, words: string, during: During = {}): Expectation {
  return { ...measured(metric, words, during), comparison: "below", limit };
}

/** Of three and more rounds; a single one, as on a busy computer, is measured. */
export function worst(metric: MetricName, worstLimit: number, words: string): Expectation {
  return { ...measured(metric, words), comparison: "at most", worstLimit };
}

export function none(metric: MetricName, words: string, during: During = {}): Expectation {
  return atMost(metric, 0, words, during);
}

/** The figure is of interest; nothing is promised about it. */
export function measured(metric: MetricName, words: string, during: During = {}): Expectation {
  return { words, metric, unit: METRICS[metric].unit, ...during };
}

export const NOTHING_LOST: readonly Expectation[] = [
  none("lostWrites", "no acknowledged write is lost"),
  none("duplicatedWrites", "no write is stored twice"),
  none("staleReads", "no read is stale unless it says so"),
  none("otherViolations", "nothing else contradicts the answers that clients got"),
  none("twoPrimaries", "there are never two primaries"),
];

export const NONE_FAILS: readonly Expectation[] = [
  none("failedReads", "no read fails"),
  none("failedWrites", "every write is acknowledged within its 30 s"),
];

export const FIGURES: readonly Expectation[] = [
  measured("longestReadGap", "longest time without an answered read"),
  measured("longestWrite", "slowest write"),
  measured("newPrimary", "time to a new primary"),
  measured("recovery", "time from the undo until everything is as before"),
];

/** The same figures, with a target for the slowest write of each round, and others for the median and the worst of all. */
export function figuresWithin(slowestWriteMs: number, ofRun: Pick<Expectation, "medianLimit" | "worstLimit"> = {}) {
  const words = `no write takes longer than ${slowestWriteMs / 1_000} s`;
  return FIGURES.map((figure) =>
    figure.metric === "longestWrite" ? atMost("longestWrite", slowestWriteMs, words, ofRun) : figure,
  );
}

/** Where a fault may cost writes: reads go on, nothing is lost, and the cost is measured. */
export const READS_GO_ON: readonly Expectation[] = [
  none("failedReads", "no read fails"),
  ...NOTHING_LOST,
  measured("failedWrites", "writes that failed"),
  measured("longestWriteGap", "longest time without an acknowledged write"),
  ...FIGURES,
];
