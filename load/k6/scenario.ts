/** The script that k6 runs, for every scenario: the plan says what users and moderators do. */
import type { Options, Scenario, Threshold } from "k6/options";
import { plannedSeconds } from "./plan.ts";
import { plan } from "./requests.ts";

export { addCity, addValues } from "./moderators.ts";
export { visit } from "./visitors.ts";

/** Requests under way have this long at the end; then they are dropped and not counted. */
const GRACE = "2s";

export const options: Options = {
  scenarios: {
    visitors: {
      executor: "ramping-vus",
      exec: "visit",
      startVUs: 0,
      stages: plan.stages.map(({ seconds, users }) => ({ duration: `${seconds}s`, target: users })),
      gracefulRampDown: GRACE,
      gracefulStop: GRACE,
    },
    ...moderators("addValues", plan.moderators.forValues?.count),
    ...moderators("addCity", plan.moderators.forCities),
  },
  thresholds: thresholds(),
  discardResponseBodies: true,
  // What the series and the checks need, and no more: each tag costs k6 time in every sample.
  systemTags: ["name", "status", "check"],
  summaryTrendStats: ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "count"],
  // The service is one that the tester owns; stands sign their own certificates.
  insecureSkipTLSVerify: true,
  userAgent: "goldenring-load",
};

/** k6's own end-of-test figures go into the run's folder, and nothing to the terminal. */
export function handleSummary(data: unknown): Record<string, string> {
  return { [plan.summaryFile]: `${JSON.stringify(data, null, 1)}\n` };
}

/** @param exec name of the function above that they run in a loop */
function moderators(exec: string, count = 0): Record<string, Scenario> {
  if (count === 0) return {};
  const duration = `${plannedSeconds(plan)}s`;
  return { [exec]: { executor: "constant-vus", exec, vus: count, duration, gracefulStop: GRACE } };
}

function thresholds(): Record<string, Threshold[]> {
  const ending = { abortOnFail: plan.stopsAtBreach, delayAbortEval: `${plan.judgedAfterSeconds}s` };
  const metrics = Object.entries(plan.thresholds);
  return Object.fromEntries(
    metrics.map(([metric, all]) => [metric, all.map((threshold) => ({ threshold, ...ending }))]),
  );
}
