import { OBJECTIVES } from "./objectives.ts";

/** A promise as a share: what of the requests counts as bad, and how much of that is allowed. */
export interface ServiceLevel {
  /** Value of the label `slo` in rules and panels. */
  readonly name: "availability" | "latency_p95" | "latency_p90";
  readonly promise: string;
  /** The error budget: this share of the requests may be bad. */
  readonly budget: number;
  /** An answer is bad when it takes longer; undefined where an answer is bad because it is an error. ms. */
  readonly slowerThanMs?: number;
}

const percent = (share: number): string => `${Number((share * 100).toFixed(3))} %`;

export const AVAILABILITY: ServiceLevel = {
  name: "availability",
  promise: `at most ${percent(OBJECTIVES.errorShare)} of the answers are errors`,
  budget: OBJECTIVES.errorShare,
};

/** "95 % take at most 600 ms" says the same as "at most 5 % take longer". */
export const LATENCY_P95: ServiceLevel = {
  name: "latency_p95",
  promise: `at most 5 % of the answers take longer than ${OBJECTIVES.p95Ms} ms`,
  budget: 0.05,
  slowerThanMs: OBJECTIVES.p95Ms,
};

export const LATENCY_P90: ServiceLevel = {
  name: "latency_p90",
  promise: `at most 10 % of the answers take longer than ${OBJECTIVES.p90Ms} ms`,
  budget: 0.1,
  slowerThanMs: OBJECTIVES.p90Ms,
};

export const SERVICE_LEVELS: readonly ServiceLevel[] = [AVAILABILITY, LATENCY_P95, LATENCY_P90];

/** Durations as Prometheus writes them. */
export type Window = "5m" | "30m" | "1h" | "2h" | "6h" | "1d" | "3d" | "30d";

/** Over this long a service level is promised. */
export const BUDGET_PERIOD = "30d" satisfies Window;

/** A speed at which the budget is used up; 1: exactly in the period. The long window says that it matters, the short one that it goes on. */
export interface BurnRate {
  readonly factor: number;
  readonly long: Window;
  readonly short: Window;
  /** The share of the budget that is gone when the long window is full of it. */
  readonly spends: number;
  readonly severity: "critical" | "warning";
}

/** Source: Google, The Site Reliability Workbook, chapter 5, table 5-8 and "multiwindow, multi-burn-rate alerts". */
export const BURN_RATES: readonly BurnRate[] = [
  { factor: 14.4, long: "1h", short: "5m", spends: 0.02, severity: "critical" },
  { factor: 6, long: "6h", short: "30m", spends: 0.05, severity: "critical" },
  { factor: 3, long: "1d", short: "2h", spends: 0.1, severity: "warning" },
  { factor: 1, long: "3d", short: "6h", spends: 0.1, severity: "warning" },
];

/** With fewer bad requests in the long window nobody is notified: of the few of a service that has just started, a large share may fail. */
export const MIN_BAD_REQUESTS = 20;

/** The share of bad requests above which `level` burns at `rate`. */
export function burnThreshold(level: ServiceLevel, { factor }: BurnRate): number {
  return Number((level.budget * factor).toFixed(6));
}

/** The rates that `level` can burn at: a share of bad requests beyond 1 does not exist. */
export function burnRatesOf(level: ServiceLevel): readonly BurnRate[] {
  return BURN_RATES.filter((rate) => burnThreshold(level, rate) < 1);
}
