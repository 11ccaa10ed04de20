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
