import type { ScenarioName } from "../scenarios.ts";

/** What a scenario starts with: nine cities and some hundred values, or 189 cities and 120,896 values. */
export type DataSize = "base" | "full";

/** From so many values on a run is one on the full data. */
const FULL_FROM = 100_000;

export function dataSize({ values }: { readonly values: number }): DataSize {
  return values >= FULL_FROM ? "full" : "base";
}

export interface ReportedResult {
  readonly scenario: ScenarioName;
  readonly data: DataSize;
  /** The most within the objectives; 0: they broke at once. */
  readonly users: number;
  readonly requestsPerSecond?: number;
  readonly meanMs?: number;
  readonly note?: string;
}

/**
 * The figures to beat: the report of 2023, three replicas of 250 millicores on a shared cluster and seven virtual machines of
 * 2 CPU and 2 GB for the rest, k6 on one of them.
 */
export const REPORT_OF_2023: readonly ReportedResult[] = [
  { scenario: "browse-cities", data: "base", users: 1_200, requestsPerSecond: 1_170, meanMs: 103 },
  { scenario: "browse-weather", data: "base", users: 1_200, requestsPerSecond: 1_130, meanMs: 91 },
  {
    scenario: "moderators-add-values",
    data: "base",
    users: 1_100,
    requestsPerSecond: 1_070,
    meanMs: 100,
    note: "48,236 values added",
  },
  {
    scenario: "service-grows",
    data: "base",
    users: 1_200,
    requestsPerSecond: 1_060,
    meanMs: 116,
    note: "steady up to 783 users; ends with 189 cities, 120,896 values",
  },
  {
    scenario: "heavy-query",
    data: "base",
    users: 119,
    requestsPerSecond: 99.35,
    meanMs: 95,
    note: "a later build: 143 users, 115/s, 113 ms",
  },
  { scenario: "heavy-query", data: "full", users: 0 },
  {
    scenario: "realistic-growth",
    data: "base",
    users: 1_200,
    requestsPerSecond: 1_090,
    meanMs: 102,
    note: "ends with 189 cities, 13,931 values",
  },
];
