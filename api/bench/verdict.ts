import type { Bar, Finding } from "./bench.ts";

export type Verdict = "held" | "missed" | "not judged" | "";

/**
 * Whether a finding holds its bar. Without limits only ratios can be judged: an absolute figure of an unlimited replica says
 * nothing about a limited one.
 */
export function verdictOn(finding: Finding, limited: boolean): Verdict {
  const { bar } = finding;
  if (bar === undefined) return "";
  if (!limited && finding.unit !== "ratio") return "not judged";
  const value = judgedValue(finding.values, bar);
  // NaN (nothing was measured) holds no bar.
  const holds = bar.kind === "at least" ? value >= bar.value : value <= bar.value;
  return holds ? "held" : "missed";
}

function judgedValue(values: readonly number[], bar: Bar): number {
  if (bar.judges === "median") return median(values);
  return bar.kind === "at least" ? Math.min(...values) : Math.max(...values);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
