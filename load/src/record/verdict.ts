import { withUnit } from "@goldenring/run-kit";
import { OBJECTIVES } from "@goldenring/stand";
import type { ObjectiveVerdict } from "./record.ts";

type Name = ObjectiveVerdict["name"];

type Limit = readonly [
  limit: number,
  bound: "at most" | "at least",
  unit: "ms" | "%",
  /** k6's metric, and how k6 aggregates it. */
  metric: string,
  aggregate: string,
  long: string,
  short: string,
];

/** The limits of a run. Its verdict, k6's thresholds and all texts are made from them. */
const LIMITS: Readonly<Record<Name, Limit>> = {
  p95: [OBJECTIVES.p95Ms, "at most", "ms", "http_req_duration", "p(95)", "95 % of the answers within", "p95"],
  p90: [OBJECTIVES.p90Ms, "at most", "ms", "http_req_duration", "p(90)", "90 % of the answers within", "p90"],
  errors: [OBJECTIVES.errorShare, "at most", "%", "http_req_failed", "rate", "Failed requests at most", "failed"],
  checks: [OBJECTIVES.checksShare, "at least", "%", "checks", "rate", "Checks that hold at least", "right bodies"],
};

/** ms for p95 and p90, shares for errors and checks; undefined where nothing was measured. */
export type Measured = Readonly<Record<Name, number | undefined>>;

/** Every objective with its figure. An objective about nothing is missed: a run without an answer has shown nothing. */
export function judge(measured: Measured): ObjectiveVerdict[] {
  return (Object.keys(LIMITS) as Name[]).map((name) => {
    const [limit, bound] = LIMITS[name];
    const actual = measured[name];
    if (actual === undefined) return { name, limit, isHeld: false };
    return { name, limit, actual, isHeld: bound === "at most" ? actual <= limit : actual >= limit };
  });
}

export function isHeld(verdicts: readonly ObjectiveVerdict[]): boolean {
  return verdicts.every((verdict) => verdict.isHeld);
}

/** Those of which something was measured: what was not measured yet is not missed yet. */
export function missedSoFar(verdicts: readonly ObjectiveVerdict[]): ObjectiveVerdict[] {
  return verdicts.filter(({ actual, isHeld: held }) => actual !== undefined && !held);
}

/** The thresholds of each metric as k6 writes them, such as `p(95)<=600`. */
export function thresholds(): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [limit, bound, , metric, aggregate] of Object.values(LIMITS))
    found[metric] = [...(found[metric] ?? []), `${aggregate}${bound === "at most" ? "<=" : ">="}${limit}`];
  return found;
}

/** `p95 812 ms, at most 600`. */
export function inWords({ name, limit, actual }: ObjectiveVerdict): string {
  const [, bound, unit, , , , short] = LIMITS[name];
  if (unit === "ms") return `${short} ${actual === undefined ? "-" : shownMs(actual)} ms, ${bound} ${limit}`;
  const percent = (value: number) => `${(value * 100).toFixed(value > 0 && value < 0.001 ? 3 : 1)} %`;
  return `${short} ${actual === undefined ? "-" : percent(actual)}, ${bound} ${percent(limit)}`;
}

/** `95 % of the answers within 600 ms`. */
export function objectiveText({ name, limit }: ObjectiveVerdict): string {
  return `${LIMITS[name][5]} ${objectiveFigure(name, limit)}`;
}

export function objectiveFigure(name: Name, value: number | undefined): string {
  return withUnit(value, LIMITS[name][2]);
}

/** Enough digits to compare, and no more. */
export function shownMs(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}
