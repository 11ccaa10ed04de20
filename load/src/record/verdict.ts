import { OBJECTIVES } from "@goldenring/stand";
import type { ObjectiveVerdict } from "./record.ts";

/** What the objectives are about; each is undefined where nothing was measured. */
export interface Measured {
  /** ms. */
  readonly p95: number | undefined;
  readonly p90: number | undefined;
  /** Shares. */
  readonly errors: number | undefined;
  readonly checks: number | undefined;
}

/** Every objective with its figure. An objective about nothing is broken: a run without an answer has shown nothing. */
export function judge(measured: Measured): ObjectiveVerdict[] {
  const atMost = (name: "p95" | "p90" | "errors", limit: number) =>
    verdict(name, limit, measured[name], (actual) => actual <= limit);
  return [
    atMost("p95", OBJECTIVES.p95Ms),
    atMost("p90", OBJECTIVES.p90Ms),
    atMost("errors", OBJECTIVES.errorShare),
    verdict("checks", OBJECTIVES.checksShare, measured.checks, (actual) => actual >= OBJECTIVES.checksShare),
  ];
}

export function isHeld(verdicts: readonly ObjectiveVerdict[]): boolean {
  return verdicts.every((verdict) => verdict.isHeld);
}

/** `p95 812 ms, at most 600`. */
export function inWords({ name, limit, actual }: ObjectiveVerdict): string {
  if (name === "p95" || name === "p90")
    return `${name} ${actual === undefined ? "-" : shownMs(actual)} ms, at most ${limit}`;
  const percent = (value: number) => `${(value * 100).toFixed(value > 0 && value < 0.001 ? 3 : 1)} %`;
  const found = actual === undefined ? "-" : percent(actual);
  if (name === "errors") return `failed ${found}, at most ${percent(limit)}`;
  return `right bodies ${found}, at least ${percent(limit)}`;
}

/** Enough digits to compare, and no more. */
export function shownMs(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}

function verdict(
  name: ObjectiveVerdict["name"],
  limit: number,
  actual: number | undefined,
  holds: (actual: number) => boolean,
): ObjectiveVerdict {
  if (actual === undefined) return { name, limit, isHeld: false };
  return { name, limit, actual, isHeld: holds(actual) };
}
