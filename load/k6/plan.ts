/** What the runner tells k6, as JSON in one environment variable. No imports of values: k6 reads this file as it is. */

export interface Stage {
  readonly seconds: number;
  /** Users at the stage's end; they change evenly. */
  readonly users: number;
}

export interface VisitedCity {
  readonly id: number;
  /** Ids of values of this city. */
  readonly values: readonly number[];
}

export interface Plan {
  /** Without a slash at the end. */
  readonly target: string;
  readonly stages: readonly Stage[];
  readonly acceptEncoding: "gzip" | "identity";
  readonly bodyCheckShare: number;
  readonly stopsAtBreach: boolean;
  /** Seconds before a broken objective may end the run: the first answers are too few to judge. */
  readonly judgedAfter: number;
  readonly visited: readonly VisitedCity[];
  readonly valueModerators: number;
  readonly cityModerators: number;
  /** Where k6's summary goes. */
  readonly summaryFile: string;
}

export const PLAN_VARIABLE = "GOLDENRING_LOAD_PLAN";

/** Begin of the summaries and of the city names that load tests store, so that they can be told from a user's. */
export const VALUE_MARK = "~";
export const CITY_MARK = "Load city ";

/** At most two requests a second by each user. */
export const PACE_SECONDS = 0.5;

/** @throws outside of a run that the runner started */
export function planOf(environment: Readonly<Record<string, string | undefined>>): Plan {
  const text = environment[PLAN_VARIABLE];
  if (text === undefined)
    throw new Error("Start this scenario by `ring load`: it looks at the target and makes the plan.");
  return JSON.parse(text) as Plan;
}

export function plannedSeconds(plan: Pick<Plan, "stages">): number {
  return plan.stages.reduce((sum, { seconds }) => sum + seconds, 0);
}
