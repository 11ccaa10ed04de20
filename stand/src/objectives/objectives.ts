/**
 * What the Weather API promises, written once: load runs end at it, alert rules burn by it, dashboards draw it.
 * Source: the report of 2023. No imports: k6 reads this file as it is.
 */
export const OBJECTIVES = {
  /** The slowest 5 % of answers take longer than this, and no more of them; ms. */
  p95Ms: 600,
  /** The same of the slowest 10 %; ms. */
  p90Ms: 300,
  /** At most this share of answers is not a 2xx. */
  errorShare: 0.01,
  /** At least this share of a load test's checks holds. */
  checksShare: 0.9,
} as const;

export type Objectives = typeof OBJECTIVES;
