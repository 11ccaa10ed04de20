import { type LoadOptions, runOptions } from "../run/options.ts";
import { type ScenarioName, scenarioNamed } from "../scenarios.ts";

/** What `load all` is made of, in the order in which it is measured. */
export const PARTS = ["steady", "ramp", "chaos", "capacity", "heavy", "growth", "baseline"] as const;
export type PartName = (typeof PARTS)[number];

/**
 * How long the runs are, and how far the search goes. During a warm-up users arrive and caches fill: it is not judged. In a short search the bracket
 * is 10 % wide instead of 2, and an end is repeated at most twice.
 */
export const LENGTHS = {
  short: {
    steady: { warmUpSeconds: 15, holdSeconds: 60 },
    rampStepSeconds: 15,
    chaosSeconds: 120,
    growth: { warmUpSeconds: 12, holdSeconds: 30 },
    identityRampSeconds: 60,
    baseline: { warmUpSeconds: 15, holdSeconds: 30 },
    search: { max: 6_000, resolution: 0.1, repeats: 3, maxSteps: 12, warmUpSeconds: 12, holdSeconds: 15 },
  },
  full: {
    steady: { warmUpSeconds: 15, holdSeconds: 300 },
    rampStepSeconds: 300,
    chaosSeconds: 900,
    growth: { warmUpSeconds: 15, holdSeconds: 120 },
    identityRampSeconds: 300,
    baseline: { warmUpSeconds: 15, holdSeconds: 60 },
    search: { max: 10_000, resolution: 0.02, repeats: 5, maxSteps: 50, warmUpSeconds: 15, holdSeconds: 30 },
  },
};
export type Lengths = (typeof LENGTHS)["short" | "full"];

export const STEADY_USERS = 1_200;
export const STEADY_SCENARIOS = [
  "browse-cities",
  "browse-weather",
  "moderators-add-values",
  "service-grows",
  "realistic-growth",
] as const satisfies readonly ScenarioName[];
const RAMP_USERS = 600;
export const RAMP_MAX_USERS = 3_000;
export const CHAOS_USERS = 20;
/** Between the smallest data set of 2023 and the largest, as shares of both cities and values. */
const GROWTH_STAGES = [0, 0.25, 0.5, 0.75, 1] as const;
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

export interface Step extends LoadOptions {
  readonly scenario: ScenarioName;
  /** Share of the way from the base data to the full data; 0: what was added before is removed first. */
  readonly data: number;
  /** At the beginning; not judged. */
  readonly warmUpSeconds?: number | undefined;
}

/** The objectives are judged over the whole run, but the figures are those after the warm-up. */
export function steadily(users: number, { warmUpSeconds, holdSeconds }: Lengths["steady"]) {
  return { users, duration: warmUpSeconds + holdSeconds, keepGoing: true, warmUpSeconds };
}

export function stepsOf({ steady, rampStepSeconds, chaosSeconds, growth, identityRampSeconds }: Lengths) {
  const ramp = { ramp: { stepUsers: RAMP_USERS, stepSeconds: rampStepSeconds }, maxUsers: RAMP_MAX_USERS };
  const identity = {
    ramp: { stepUsers: HEAVY_FULL_USERS, stepSeconds: identityRampSeconds },
    encoding: "identity",
  } as const;
  const scenario = "heavy-query";
  return {
    steady: STEADY_SCENARIOS.map((each) => ({ scenario: each, data: 0, ...steadily(STEADY_USERS, steady) })),
    ramp: STEADY_SCENARIOS.map((each) => ({ scenario: each, data: 0, ...ramp })),
    chaos: [{ scenario: "chaos-background", data: 0, users: CHAOS_USERS, duration: chaosSeconds }],
    heavy: [
      { scenario, data: 0, ...steadily(HEAVY_BASE_USERS, steady) },
      { scenario, data: 1, ...steadily(HEAVY_FULL_USERS, steady) },
      { scenario, data: 1, ...identity, maxUsers: HEAVY_FULL_USERS },
    ],
    // The hours of 2023 in minutes: most of the data are added before each stage, and during it moderators go on at their usual pace.
    growth: GROWTH_STAGES.map((data) => ({ scenario: "service-grows", data, ...steadily(STEADY_USERS, growth) })),
  } as const satisfies Partial<Record<PartName, readonly Step[]>>;
}

/** What k6, the inspection of the target and the report take beside the planned time. */
const OVERHEAD_SECONDS = 8;
/** Installing the baseline and restoring the product, all together. */
const BASELINE_SWAPS_SECONDS = 80;

/** Seconds that each part takes at most, about; a search often ends sooner, and a ramp when an objective is missed. */
export function estimates(lengths: Lengths): Readonly<Record<PartName, number>> {
  const { baseline, search } = lengths;
  const of = (steps: readonly Step[]): number =>
    steps.reduce((sum, step) => sum + runOptions(scenarioNamed(step.scenario), step).seconds + OVERHEAD_SECONDS, 0);
  const { steady, ramp, chaos, heavy, growth } = stepsOf(lengths);
  const seconds = ({ warmUpSeconds, holdSeconds }: Lengths["steady"]): number => warmUpSeconds + holdSeconds;
  return {
    steady: of(steady),
    ramp: of(ramp),
    chaos: of(chaos),
    heavy: of(heavy),
    growth: of(growth),
    capacity: search.maxSteps * (seconds(search) + OVERHEAD_SECONDS / 2),
    baseline: 2 * (BASELINE_CITIES.length + 2) * (seconds(baseline) + OVERHEAD_SECONDS) + BASELINE_SWAPS_SECONDS,
  };
}
