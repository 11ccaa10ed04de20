import type { Moderators, Visit } from "../k6/plan.ts";

/** A load as the stand of 2023 was tested with. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** What a user does in a loop. */
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
  /** What the 2023 baseline reached; none where it was not tried. */
  readonly in2023?: string;
}

/** As many cities as visitors open, and values of each. */
export const VISITED_CITIES = 9;
export const VISITED_VALUES = 10;

const BROWSING = {
  moderators: {},
  needs: { cities: VISITED_CITIES, valuesOfEachCity: VISITED_VALUES },
  bodyCheckShare: 0.1,
  stopsAtBreach: true,
} as const;

export const SCENARIOS = [
  {
    ...BROWSING,
    name: "browse-cities",
    about: "users list the cities, then open each of the nine",
    visit: "browse cities",
    needs: { cities: VISITED_CITIES, valuesOfEachCity: 0 },
    in2023: "1,200 users, 1,170 req/s, 103 ms mean",
  },
  {
    ...BROWSING,
    name: "browse-weather",
    about: "users list the cities, then open each of the nine and ten of its values",
    visit: "browse weather",
    in2023: "1,200 users, 1,130 req/s, 91 ms mean",
  },
  {
    ...BROWSING,
    name: "moderators-add-values",
    about: "browse-weather, while 100 moderators add three values to each of nine cities every 30 s",
    visit: "browse weather",
    moderators: { forValues: { count: 100, cities: "visited" } },
    in2023: "1,100 users, 1,070 req/s, 100 ms mean, 48,236 values added",
  },
  {
    ...BROWSING,
    name: "service-grows",
    about: "browse-weather, while 100 moderators add values to all cities, and 10 more add a city each every 60 s",
    visit: "browse weather",
    moderators: { forValues: { count: 100, cities: "all" }, forCities: 10 },
    in2023: "1,200 users, 1,060 req/s, 116 ms mean; ends with 189 cities, 120,896 values",
  },
  {
    ...BROWSING,
    name: "heavy-query",
    about: "users ask for everything: GET /WeatherForecast",
    visit: "ask for all",
    needs: { cities: 1, valuesOfEachCity: 1 },
    bodyCheckShare: 0.005,
    in2023: "720 values: 119 users, 99 req/s, 95 ms mean; 120,896 values: fails at once",
  },
  {
    ...BROWSING,
    name: "realistic-growth",
    about: "service-grows with 10 moderators for values instead of 100",
    visit: "browse weather",
    moderators: { forValues: { count: 10, cities: "all" }, forCities: 10 },
    in2023: "1,200 users, 1,090 req/s, 102 ms mean; ends with 189 cities, 13,931 values",
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
    in2023: "the load during the chaos experiments",
  },
] as const satisfies readonly Scenario[];

export type ScenarioName = (typeof SCENARIOS)[number]["name"];

export function scenarioNamed(name: ScenarioName): Scenario;
export function scenarioNamed(name: string): Scenario | undefined;
export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
