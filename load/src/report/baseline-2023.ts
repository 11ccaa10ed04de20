import type { ScenarioName } from "../scenarios.ts";

/** What a scenario starts with: nine cities and some hundred values, or 189 cities and 120,896 values. */
export type DataSize = "base" | "full";

/** From so many values on a run is one on the full data. */
const FULL_FROM = 100_000;

export function dataSize({ values }: { readonly values: number }): DataSize {
  return values >= FULL_FROM ? "full" : "base";
}

type Row = readonly [
  scenario: ScenarioName,
  data: DataSize,
  /** The highest number within the objectives; 0: they were missed at once. */
  users: number,
  requestsPerSecond?: number,
  meanMs?: number,
  note?: string,
];

/**
 * The 2023 baseline: three replicas of 250 millicores on a shared cluster and seven virtual machines of 2 CPU and 2 GB for the rest, k6 on one
 * of them.
 */
export const BASELINE_2023: readonly Row[] = [
  ["browse-cities", "base", 1_200, 1_170, 103],
  ["browse-weather", "base", 1_200, 1_130, 91],
  ["moderators-add-values", "base", 1_100, 1_070, 100, "48,236 values added"],
  ["service-grows", "base", 1_200, 1_060, 116, "steady up to 783 users; ends with 189 cities, 120,896 values"],
  ["heavy-query", "base", 119, 99.35, 95, "a later build: 143 users, 115/s, 113 ms"],
  ["heavy-query", "full", 0],
  ["realistic-growth", "base", 1_200, 1_090, 102, "ends with 189 cities, 13,931 values"],
];
