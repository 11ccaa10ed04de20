/** What an expectation can be about: a time (the requests that began in it; so also a stage), or the round as a whole. */
export const METRICS = {
  failedReads: { unit: "requests", scope: "time", words: "failed reads, those of the background load included" },
  failedWrites: { unit: "requests", scope: "time", words: "writes that failed or stayed without an answer" },
  slowReads: { unit: "requests", scope: "time", words: "reads slower than 5 s: errors in the 2023 baseline" },
  slowWrites: { unit: "requests", scope: "time", words: "writes slower than 5 s" },
  longestReadGap: { unit: "ms", scope: "time", words: "longest time without an answered read" },
  longestWriteGap: { unit: "ms", scope: "time", words: "longest time without an acknowledged write" },
  longestRead: { unit: "ms", scope: "time", words: "slowest read" },
  longestWrite: { unit: "ms", scope: "time", words: "slowest write" },
  p95Reads: { unit: "ms", scope: "time", words: "95th percentile of answered reads" },
  p95Writes: { unit: "ms", scope: "time", words: "95th percentile of acknowledged writes" },
  staleMarkedReads: { unit: "requests", scope: "time", words: "reads that were marked stale" },
  lostWrites: { unit: "writes", scope: "round", words: "acknowledged writes that are not stored" },
  duplicatedWrites: { unit: "writes", scope: "round", words: "writes that are stored twice" },
  staleReads: { unit: "reads", scope: "round", words: "reads that were too old, went back or contradicted each other" },
  otherViolations: { unit: "violations", scope: "round", words: "anything else that is impossible (docs/history.md)" },
  twoPrimaries: { unit: "times", scope: "round", words: "two primaries at the same moment" },
  primaryMoved: { unit: "times", scope: "round", words: "another machine is the primary afterwards" },
  newPrimary: {
    unit: "ms",
    scope: "round",
    words: "to a new primary, from the last fault before it or the stage's start",
  },
  recovery: { unit: "ms", scope: "round", words: "from the last undo until everything is as before" },
  alertDelay: { unit: "ms", scope: "round", words: "from the beginning of the stage to the alert's arrival" },
  alertResolved: { unit: "ms", scope: "round", words: "from the end of the stage's undo until the alert is resolved" },
  undeclaredAlerts: { unit: "alerts", scope: "round", words: "alerts that came and were not declared (`mayCome`)" },
  targetsDown: { unit: "targets", scope: "round", words: "targets of Prometheus that are not up" },
  queriesWithoutData: { unit: "queries", scope: "round", words: "queries of panels and rules that lack data" },
  prometheusMemory: { unit: "MB", scope: "round", words: "resident memory of Prometheus" },
  watchingCpu: { unit: "%", scope: "round", words: "of an API replica's CPU limit: `during` more than `comparedWith`" },
} as const;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as [MetricName, ...MetricName[]];

/** Of the round so far, while it runs; a silence is the time since the last answered read or acknowledged write, ms. */
export const LIVE_METRICS = ["failedReads", "failedWrites", "readSilence", "writeSilence", "twoPrimaries"] as const;
export type LiveMetric = (typeof LIVE_METRICS)[number];
