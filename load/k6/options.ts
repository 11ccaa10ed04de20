import { OBJECTIVES } from "@goldenring/stand";
import type { Options, Scenario, Threshold } from "k6/options";
import { type Plan, plannedSeconds } from "./plan.ts";

/** Requests under way have this long at the end; then they are dropped and not counted. */
const GRACE = "2s";

/**
 * k6's options of a run. Visitors, value moderators and city moderators are the functions that the scenario's file exports
 * by these names.
 */
export function optionsOf(plan: Plan): Options {
  return {
    scenarios: {
      visitors: {
        executor: "ramping-vus",
        exec: "visitors",
        startVUs: 0,
        stages: plan.stages.map(({ seconds, users }) => ({ duration: `${seconds}s`, target: users })),
        gracefulRampDown: GRACE,
        gracefulStop: GRACE,
      },
      ...moderators("valueModerators", plan.valueModerators, plan),
      ...moderators("cityModerators", plan.cityModerators, plan),
    },
    thresholds: thresholdsOf(plan),
    discardResponseBodies: true,
    // What the series and the checks need, and no more: each tag costs k6 time in every sample.
    systemTags: ["name", "status", "check"],
    summaryTrendStats: ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "count"],
    // The service is one that the tester owns; stands sign their own certificates.
    insecureSkipTLSVerify: true,
    userAgent: "goldenring-load",
  };
}

function moderators(exec: string, count: number, plan: Plan): Record<string, Scenario> {
  if (count === 0) return {};
  return {
    [exec]: {
      executor: "constant-vus",
      exec,
      vus: count,
      duration: `${plannedSeconds(plan)}s`,
      gracefulStop: GRACE,
    },
  };
}

function thresholdsOf(plan: Plan): Record<string, Threshold[]> {
  const ends = { abortOnFail: plan.stopsAtBreach, delayAbortEval: `${plan.judgedAfter}s` };
  return {
    http_req_duration: [
      { threshold: `p(95)<=${OBJECTIVES.p95Ms}`, ...ends },
      { threshold: `p(90)<=${OBJECTIVES.p90Ms}`, ...ends },
    ],
    http_req_failed: [{ threshold: `rate<=${OBJECTIVES.errorShare}`, ...ends }],
    checks: [{ threshold: `rate>=${OBJECTIVES.checksShare}`, ...ends }],
  };
}
