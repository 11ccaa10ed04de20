import { CommandError } from "@goldenring/run-kit";
import type { VisitedCity } from "../../k6/plan.ts";
import type { TargetFacts } from "../record/record.ts";
import { type Scenario, VISITED_CITIES, VISITED_VALUES } from "../scenarios.ts";
import type { WeatherApi } from "./weather-api.ts";

export interface Inspection {
  readonly facts: TargetFacts;
  /** The cities that visitors open. */
  readonly visited: VisitedCity[];
}

/**
 * Checks the target before it gets any load.
 *
 * @throws {CommandError} (targetUnreachable; targetUnfit where it is no Weather API or lacks data)
 */
export async function inspectTarget(api: WeatherApi, scenario: Scenario, signal: AbortSignal): Promise<Inspection> {
  const cities = await api.weather(signal);
  const { name, needs } = scenario;
  const fit = cities.filter(({ forecast }) => forecast.length >= needs.valuesOfEachCity);
  if (fit.length < needs.cities) {
    const each = needs.valuesOfEachCity > 0 ? ` with at least ${needs.valuesOfEachCity} values each` : "";
    throw new CommandError(
      `${name} needs ${needs.cities} cities${each}; ${api.base} has ${cities.length} cities, ${fit.length} of them fit. ` +
        `Add the data: ring load seed base --target ${api.base}`,
      "targetUnfit",
    );
  }
  const values = cities.reduce((sum, { forecast }) => sum + forecast.length, 0);
  const facts = { url: api.base, build: await api.build(), cities: cities.length, values };
  const visited = fit.slice(0, VISITED_CITIES).map(({ id, forecast }) => ({
    id,
    values: forecast.slice(0, VISITED_VALUES).map((value) => value.id),
  }));
  return { facts, visited };
}
