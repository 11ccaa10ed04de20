import type { ScenarioName } from "../../k6/scenario-table.ts";

/** What `load all` is made of, in the order in which it is measured. */
export const PARTS = ["steady", "ramp", "chaos", "capacity", "heavy", "growth", "baseline"] as const;
export type PartName = (typeof PARTS)[number];

/** Seconds, and how far a search goes. */
export interface Lengths {
  /** Users arrive and caches fill; not judged. */
  readonly warmUp: number;
  readonly hold: number;
  readonly rampStep: number;
  readonly chaos: number;
  readonly growthWarmUp: number;
  readonly growthHold: number;
  readonly identityRamp: number;
  readonly sideBySideHold: number;
  readonly search: {
    readonly start: number;
    readonly max: number;
    readonly resolution: number;
    readonly repeats: number;
    readonly maxSteps: number;
    readonly warmUpSeconds: number;
    readonly holdSeconds: number;
  };
}

export const SHORT: Lengths = {
  warmUp: 15,
  hold: 60,
  rampStep: 15,
  chaos: 120,
  growthWarmUp: 12,
  growthHold: 30,
  identityRamp: 60,
  sideBySideHold: 30,
  // The bracket is 10 % wide instead of 2, and an end is repeated at most twice.
  search: { start: 1_200, max: 6_000, resolution: 0.1, repeats: 3, maxSteps: 12, warmUpSeconds: 12, holdSeconds: 15 },
};

export const FULL: Lengths = {
  warmUp: 15,
  hold: 300,
  rampStep: 300,
  chaos: 900,
  growthWarmUp: 15,
  growthHold: 120,
  identityRamp: 300,
  sideBySideHold: 60,
  search: {
    start: 1_200,
    max: 10_000,
    resolution: 0.02,
    repeats: 5,
    maxSteps: 50,
    warmUpSeconds: 15,
    holdSeconds: 30,
  },
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
export const RAMP_MOST = 3_000;
/** Between the report's beginning and its end, as shares of both cities and values. */
export const GROWTH_STAGES = [0, 0.25, 0.5, 0.75, 1] as const;
export const HEAVY_BASE_USERS = 600;
export const HEAVY_FULL_USERS = 143;
/**
 * CPU per request is a matter of the load: one query of the product serves all reads that wait, which with few users are one, and what
 * sleeps between requests is slow to wake. So of single cities both sides are held against each other where the limit counts: one
 * replica with so many users that the baseline uses all of its CPU, which three do not reach on one computer. What three replicas need
 * with the load of the report's best stands beside it.
 */
export const SIDE_BY_SIDE_CITIES = [
  { replicas: 3, users: STEADY_USERS, isJudged: false },
  { replicas: 1, users: 2_000, isJudged: true },
] as const;
/** Of the whole weather the baseline bears but few users. */
export const SIDE_BY_SIDE_HEAVY = { ours: HEAVY_FULL_USERS, baseline: 3 } as const;
/** Of the way to the report's last data: with all of them the baseline may run out of memory, and two figures are needed to compare. */
export const SIDE_BY_SIDE_SHARE = 0.25;

/** What k6, the look at the target and the report take beside the planned time. */
const AROUND = 8;

/** Seconds that a part takes at most, about; a search often ends sooner, and a ramp when an objective breaks. */
export function estimate(part: PartName, lengths: Lengths): number {
  const { warmUp, hold, rampStep, chaos, growthWarmUp, growthHold, identityRamp, sideBySideHold, search } = lengths;
  const ramps = STEADY_SCENARIOS.length * ((RAMP_MOST / RAMP_USERS) * rampStep + AROUND);
  const of: Readonly<Record<PartName, number>> = {
    steady: STEADY_SCENARIOS.length * (warmUp + hold + AROUND),
    ramp: ramps,
    chaos: chaos + AROUND,
    capacity: search.maxSteps * (search.warmUpSeconds + search.holdSeconds + AROUND / 2),
    heavy: 2 * (warmUp + hold + AROUND) + identityRamp + AROUND,
    growth: GROWTH_STAGES.length * (growthWarmUp + growthHold + AROUND),
    baseline: 8 * (warmUp + sideBySideHold + AROUND) + 80,
  };
  return of[part];
}
