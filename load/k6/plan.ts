/** What the runner tells k6, as JSON in one environment variable. No imports of values: k6 reads this file as it is. */

export interface Stage {
  readonly seconds: number;
  /** Users at the stage's end; they change evenly. */
  readonly users: number;
}

export interface VisitedCity {
  readonly id: number;
  readonly values: readonly number[];
}

/** What a user does in a loop: a function of visitors.ts. */
export type Visit = "list cities" | "browse cities" | "browse weather" | "ask for all";

export interface Moderators {
  readonly forValues?: { readonly count: number; readonly cities: "visited" | "all" };
  readonly forCities?: number;
}

export interface Plan {
  /** Without a slash at the end. */
  readonly target: string;
  readonly visit: Visit;
  readonly stages: readonly Stage[];
  readonly moderators: Moderators;
  readonly encoding: "gzip" | "identity";
  /** Share of the answers whose body is checked. */
  readonly bodyCheckShare: number;
  /** The objectives, by k6's metric: `p(95)<=600`. */
  readonly thresholds: Readonly<Record<string, readonly string[]>>;
  readonly stopsAtBreach: boolean;
  /** Seconds before a missed objective may end the run: the first answers are too few to judge. */
  readonly judgedAfterSeconds: number;
  readonly visited: readonly VisitedCity[];
  readonly summaryFile: string;
}

export const PLAN_VARIABLE = "GOLDENRING_LOAD_PLAN";

/** Begin of the summaries and of the city names that load tests store, so that they can be told from a user's. */
export const VALUE_MARK = "~";
export const CITY_MARK = "Load city ";

export const SUMMARIES = ["Freezing", "Frosty", "Chilly", "Cool", "Mild", "Warm", "Hot"].map(
  (word) => VALUE_MARK + word,
);
export const COLDEST = -30;
export const WARMEST = 35;

/** @param dateTime Unix time, ms */
export function newValue(dateTime: number) {
  const warmth = Math.random();
  const temperature = COLDEST + Math.floor(warmth * (WARMEST - COLDEST + 1));
  return { dateTime, temperature, summary: SUMMARIES[Math.floor(warmth * SUMMARIES.length)] ?? VALUE_MARK };
}

/** @throws outside of a run that the runner started */
export function planOf(environment: Readonly<Record<string, string | undefined>>): Plan {
  const text = environment[PLAN_VARIABLE];
  if (text === undefined) throw new Error("Start scenarios by `ring load`: it checks the target and makes the plan.");
  return JSON.parse(text) as Plan;
}

export function plannedSeconds(plan: Pick<Plan, "stages">): number {
  return plan.stages.reduce((sum, { seconds }) => sum + seconds, 0);
}

export function moderatorCount({ forValues, forCities = 0 }: Moderators): number {
  return (forValues?.count ?? 0) + forCities;
}
