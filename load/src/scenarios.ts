import { shown, withUnit } from "@goldenring/run-kit";
import type { Moderators, Visit } from "../k6/plan.ts";
import type { DataSizeName } from "./seed/growth.ts";

/** A load as the stand of 2023 was tested with. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly visit: Visit;
  /** They come on top of the users. */
  readonly moderators: Moderators;
  /** What the target must hold before the run. */
  readonly needs: { readonly cities: number; readonly valuesOfEachCity: number };
  /** Of every kind of request, the body of this share of the answers is checked. */
  readonly bodyCheckShare: number;
  /** Instead of a ramp. */
  readonly constant?: { readonly users: number; readonly seconds: number };
  /** False: goes on when an objective is missed. */
  readonly stopsAtBreach: boolean;
  /** What the 2023 baseline reached; missing where it was not tried. */
  readonly in2023: { readonly [Data in DataSizeName]?: In2023 };
}

/** The highest number of users within the objectives; 0: they were missed at once. */
type In2023 = readonly [users: number, requestsPerSecond?: number, meanMs?: number, note?: string];

/** As many cities as visitors open, and values of each. */
export const VISITED_CITIES = 9;
export const VISITED_VALUES = 10;

const BROWSING = {
  moderators: {},
  needs: { cities: VISITED_CITIES, valuesOfEachCity: VISITED_VALUES },
  bodyCheckShare: 0.1,
  stopsAtBreach: true,
} as const;

/**
 * Figures of the 2023 baseline: three replicas of 250 millicores on a shared cluster and seven virtual machines of 2 CPU and 2 GB for the rest, k6
 * on one of them.
 */
export const SCENARIOS = [
  {
    ...BROWSING,
    name: "browse-cities",
    about: "users list the cities, then open each of the nine",
    visit: "browse cities",
    needs: { cities: VISITED_CITIES, valuesOfEachCity: 0 },
    in2023: { base: [1_200, 1_170, 103] },
  },
  {
    ...BROWSING,
    name: "browse-weather",
    about: "users list the cities, then open each of the nine and ten of its values",
    visit: "browse weather",
    in2023: { base: [1_200, 1_130, 91] },
  },
  {
    ...BROWSING,
    name: "moderators-add-values",
    about: "browse-weather, while 100 moderators add three values to each of nine cities every 30 s",
    visit: "browse weather",
    moderators: { forValues: { count: 100, cities: "visited" } },
    in2023: { base: [1_100, 1_070, 100, "48,236 values added"] },
  },
  {
    ...BROWSING,
    name: "service-grows",
    about: "browse-weather, while 100 moderators add values to all cities, and 10 more add a city each every 60 s",
    visit: "browse weather",
    moderators: { forValues: { count: 100, cities: "all" }, forCities: 10 },
    in2023: { base: [1_200, 1_060, 116, "steady up to 783 users; ends with 189 cities, 120,896 values"] },
  },
  {
    ...BROWSING,
    name: "heavy-query",
    about: "users ask for everything: GET /WeatherForecast",
    visit: "ask for all",
    needs: { cities: 1, valuesOfEachCity: 1 },
    bodyCheckShare: 0.005,
    in2023: { base: [119, 99.35, 95, "a later build: 143 users, 115/s, 113 ms"], full: [0] },
  },
  {
    ...BROWSING,
    name: "realistic-growth",
    about: "service-grows with 10 moderators for values instead of 100",
    visit: "browse weather",
    moderators: { forValues: { count: 10, cities: "all" }, forCities: 10 },
    in2023: { base: [1_200, 1_090, 102, "ends with 189 cities, 13,931 values"] },
  },
  {
    ...BROWSING,
    name: "chaos-background",
    about: "20 users list the cities every 0.5 s for 15 minutes, whatever happens",
    visit: "list cities",
    needs: { cities: 1, valuesOfEachCity: 0 },
    bodyCheckShare: 1,
    constant: { users: 20, seconds: 900 },
    stopsAtBreach: false,
    in2023: {},
  },
] as const satisfies readonly Scenario[];

/** What the 2023 baseline reached on this size of data; undefined where it was not tried. */
export function figuresOf2023({ in2023 }: Scenario, data: DataSizeName): string | undefined {
  const row = in2023[data];
  if (row === undefined) return undefined;
  const [users, requestsPerSecond, meanMs, note] = row;
  if (users === 0) return "misses at once";
  const figures = [`${shown(users)} users`, withUnit(requestsPerSecond, "/s"), `${withUnit(meanMs, "ms")} mean`];
  return [...figures, ...(note === undefined ? [] : [note])].join(", ");
}

/** The same on every size of data. */
export function allFiguresOf2023(scenario: Scenario): string {
  const full = figuresOf2023(scenario, "full");
  return `${figuresOf2023(scenario, "base") ?? "–"}${full === undefined ? "" : `; on 120,896 values: ${full}`}`;
}

export type ScenarioName = (typeof SCENARIOS)[number]["name"];

export function scenarioNamed(name: ScenarioName): Scenario;
export function scenarioNamed(name: string): Scenario | undefined;
export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
