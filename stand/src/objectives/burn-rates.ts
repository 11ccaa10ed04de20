import type { ServiceLevel } from "./service-levels.ts";

/** Durations as Prometheus writes them. */
export type Window = "5m" | "30m" | "1h" | "2h" | "6h" | "1d" | "3d" | "30d";

/** Over this long a service level is promised. */
export const BUDGET_PERIOD = "30d" satisfies Window;

/**
 * A speed at which the error budget is used up; 1 lasts exactly for the period. The long window says that it matters, the
 * short one that it still goes on.
 */
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

/**
 * With fewer bad requests than this in the long window nobody is told: of the few requests of a service that has just been
 * started, a large share may have failed.
 */
export const MIN_BAD_REQUESTS = 20;

/** The share of bad requests above which `level` burns at `rate`. */
export function burnThreshold(level: ServiceLevel, { factor }: BurnRate): number {
  return Number((level.budget * factor).toFixed(6));
}

/** The rates that `level` can burn at: a share of bad requests beyond 1 does not exist. */
export function burnRatesOf(level: ServiceLevel): readonly BurnRate[] {
  return BURN_RATES.filter((rate) => burnThreshold(level, rate) < 1);
}
