import type { Finding, Target } from "./bench.ts";

export type Verdict = "held" | "missed" | "not judged" | "";

/**
 * Whether a finding meets its target. Without limits only ratios can be judged: a figure of an unlimited replica says
 * nothing about a limited one.
 */
export function verdictOn(finding: Finding, limited: boolean): Verdict {
  const { target } = finding;
  if (target === undefined) return "";
  if (!limited && finding.unit !== "ratio") return "not judged";
  const value = judgedValue(finding.values, target);
  // NaN (nothing was measured) meets no target.
  const holds = target.kind === "at least" ? value >= target.value : value <= target.value;
  return holds ? "held" : "missed";
}

function judgedValue(values: readonly number[], target: Target): number {
  if (target.judges === "median") return median(values);
  return target.kind === "at least" ? Math.min(...values) : Math.max(...values);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
