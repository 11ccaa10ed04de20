import type { ScenarioName } from "../scenarios.ts";

/** What `load all` is made of, in the order in which it is measured. */
export const PARTS = ["steady", "ramp", "chaos", "capacity", "heavy", "growth", "baseline"] as const;
export type PartName = (typeof PARTS)[number];

/** During the warm-up users arrive and caches fill: it is not judged. */
interface SteadyLengths {
  readonly warmUpSeconds: number;
  readonly holdSeconds: number;
}

/** How long the runs are, and how far the search goes. */
export interface Lengths extends SteadyLengths {
  readonly rampStepSeconds: number;
  readonly chaosSeconds: number;
  readonly growth: SteadyLengths;
  readonly identityRampSeconds: number;
  readonly baseline: SteadyLengths;
  readonly search: {
    readonly start: number;
    readonly max: number;
    readonly resolution: number;
    readonly repeats: number;
    readonly maxSteps: number;
    /** Seconds. */
    readonly warmUp: number;
    readonly hold: number;
  };
}

export const SHORT: Lengths = {
  warmUpSeconds: 15,
  holdSeconds: 60,
  rampStepSeconds: 15,
  chaosSeconds: 120,
  growth: { warmUpSeconds: 12, holdSeconds: 30 },
  identityRampSeconds: 60,
  baseline: { warmUpSeconds: 15, holdSeconds: 30 },
  // The bracket is 10 % wide instead of 2, and an end is repeated at most twice.
  search: { start: 1_200, max: 6_000, resolution: 0.1, repeats: 3, maxSteps: 12, warmUp: 12, hold: 15 },
};

export const FULL: Lengths = {
  warmUpSeconds: 15,
  holdSeconds: 300,
  rampStepSeconds: 300,
  chaosSeconds: 900,
  growth: { warmUpSeconds: 15, holdSeconds: 120 },
  identityRampSeconds: 300,
  baseline: { warmUpSeconds: 15, holdSeconds: 60 },
  search: { start: 1_200, max: 10_000, resolution: 0.02, repeats: 5, maxSteps: 50, warmUp: 15, hold: 30 },
};

export const STEADY_USERS = 1_200;
export const STEADY_SCENARIOS = [
  "browse-cities",
  "browse-weather",
  "moderators-add-values",
  "service-grows",
  "realistic-growth",
] as const satisfies readonly ScenarioName[];
export const RAMP_USERS = 600;
export const RAMP_MAX_USERS = 3_000;
export const CHAOS_USERS = 20;
/** Between the smallest data set of 2023 and the largest, as shares of both cities and values. */
export const GROWTH_STAGES = [0, 0.25, 0.5, 0.75, 1] as const;
export const HEAVY_BASE_USERS = 600;
export const HEAVY_FULL_USERS = 143;
/**
 * CPU per request depends on the load: one query of the product serves all reads that wait, which with few users is one, and a sleeping process is
 * slow to wake. So for single cities the sides are compared where the limit counts: one replica with so many users that the baseline uses all of
 * its CPU, which three replicas do not reach on one computer. The need of three replicas under the best load of 2023 is shown beside it.
 */
export const BASELINE_CITIES = [
  { replicas: 3, users: STEADY_USERS, isJudged: false },
  { replicas: 1, users: 2_000, isJudged: true },
] as const;
/** The baseline serves the whole weather to few users only. */
export const BASELINE_HEAVY_USERS = { ours: HEAVY_FULL_USERS, baseline: 3 } as const;
/** Of the way to the largest data set: with all of it the baseline may run out of memory, and two figures are needed to compare. */
export const BASELINE_HEAVY_SHARE = 0.25;

/** What k6, the inspection of the target and the report take beside the planned time. */
const OVERHEAD_SECONDS = 8;
/** Installing the baseline and restoring the product, all together. */
const BASELINE_SWAPS_SECONDS = 80;

/** Seconds that a part takes at most, about; a search often ends sooner, and a ramp when an objective is missed. */
export function estimate(part: PartName, lengths: Lengths): number {
  const { rampStepSeconds, chaosSeconds, growth, identityRampSeconds, baseline, search } = lengths;
  const scenarios = STEADY_SCENARIOS.length;
  const of = ({ warmUpSeconds, holdSeconds }: SteadyLengths): number => warmUpSeconds + holdSeconds + OVERHEAD_SECONDS;
  const seconds: Readonly<Record<PartName, number>> = {
    steady: scenarios * of(lengths),
    ramp: scenarios * ((RAMP_MAX_USERS / RAMP_USERS) * rampStepSeconds + OVERHEAD_SECONDS),
    chaos: chaosSeconds + OVERHEAD_SECONDS,
    capacity: search.maxSteps * (search.warmUp + search.hold + OVERHEAD_SECONDS / 2),
    heavy: 2 * of(lengths) + identityRampSeconds + OVERHEAD_SECONDS,
    growth: GROWTH_STAGES.length * of(growth),
    baseline: 2 * (BASELINE_CITIES.length + 2) * of(baseline) + BASELINE_SWAPS_SECONDS,
  };
  return seconds[part];
}
