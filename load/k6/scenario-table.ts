/** The scenarios of the report. k6 and the runner read the same table; no imports, so that k6 reads it as it is. */

export interface Scenario {
  /** Of the file in scenarios/. */
  readonly name: string;
  readonly about: string;
  /** What the target must hold before the run. */
  readonly needs: { readonly cities: number; readonly valuesOfEachCity: number };
  /** Moderators come on top of the users: each adds values, or each adds cities. */
  readonly valueModerators: number;
  readonly cityModerators: number;
  /** Of every kind of request, the body of this share of the answers is looked into. */
  readonly bodyCheckShare: number;
  /** Undefined: the report's ramp. */
  readonly constant?: { readonly users: number; readonly seconds: number };
  /** False: goes on when an objective breaks. */
  readonly stopsAtBreach: boolean;
  /** What the report's stand reached with it, in words. */
  readonly report: string;
}

/** As many cities as visitors walk through, and values of each that they look at. */
export const VISITED_CITIES = 9;
export const VISITED_VALUES = 10;

const CITIES_ONLY = { cities: VISITED_CITIES, valuesOfEachCity: 0 } as const;
const CITIES_AND_VALUES = { cities: VISITED_CITIES, valuesOfEachCity: VISITED_VALUES } as const;

export const SCENARIOS = [
  {
    name: "browse-cities",
    about: "users list the cities, then open each of the nine",
    needs: CITIES_ONLY,
    valueModerators: 0,
    cityModerators: 0,
    bodyCheckShare: 0.1,
    stopsAtBreach: true,
    report: "1,200 users, 1,170 req/s, 103 ms mean",
  },
  {
    name: "browse-weather",
    about: "the same, and ten values of each city",
    needs: CITIES_AND_VALUES,
    valueModerators: 0,
    cityModerators: 0,
    bodyCheckShare: 0.1,
    stopsAtBreach: true,
    report: "1,200 users, 1,130 req/s, 91 ms mean",
  },
  {
    name: "moderators-add-values",
    about: "browse-weather, while 100 moderators add three values to each of nine cities every 30 s",
    needs: CITIES_AND_VALUES,
    valueModerators: 100,
    cityModerators: 0,
    bodyCheckShare: 0.1,
    stopsAtBreach: true,
    report: "1,100 users, 1,070 req/s, 100 ms mean, 48,236 values added",
  },
  {
    name: "service-grows",
    about: "the same into all cities, while 10 more moderators add a city each every 60 s",
    needs: CITIES_AND_VALUES,
    valueModerators: 100,
    cityModerators: 10,
    bodyCheckShare: 0.1,
    stopsAtBreach: true,
    report: "1,200 users, 1,060 req/s, 116 ms mean; ends with 189 cities, 120,896 values",
  },
  {
    name: "heavy-query",
    about: "users ask for everything: GET /WeatherForecast",
    needs: { cities: 1, valuesOfEachCity: 1 },
    valueModerators: 0,
    cityModerators: 0,
    bodyCheckShare: 0.005,
    stopsAtBreach: true,
    report: "720 values: 119 users, 99 req/s, 95 ms mean; 120,896 values: fails at once",
  },
  {
    name: "realistic-growth",
    about: "service-grows with 10 moderators for values instead of 100",
    needs: CITIES_AND_VALUES,
    valueModerators: 10,
    cityModerators: 10,
    bodyCheckShare: 0.1,
    stopsAtBreach: true,
    report: "1,200 users, 1,090 req/s, 102 ms mean; ends with 189 cities, 13,931 values",
  },
  {
    name: "chaos-background",
    about: "20 users list the cities every 0.5 s for 15 minutes, whatever happens",
    needs: { cities: 1, valuesOfEachCity: 0 },
    valueModerators: 0,
    cityModerators: 0,
    bodyCheckShare: 1,
    constant: { users: 20, seconds: 900 },
    stopsAtBreach: false,
    report: "background of the chaos experiments",
  },
] as const satisfies readonly Scenario[];

export type ScenarioName = (typeof SCENARIOS)[number]["name"];

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
