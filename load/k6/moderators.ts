import { sleep } from "k6";
import { type City, isCity, isCityList, isValue } from "./bodies.ts";
import { CITY_MARK, plannedSeconds, VALUE_MARK } from "./plan.ts";
import { Route } from "./requests.ts";
import { plan } from "./run-plan.ts";

const VALUES_FOR_EACH_CITY = 3;
/** A round is begun this often, if the one before is over. */
const VALUES_ROUND_SECONDS = 30;
const CITIES_ROUND_SECONDS = 60;
const MOODS = ["Cold", "Chilly", "Cool", "Mild", "Warm", "Hot"];

const cityList = new Route("GET /Cities");
const addValue = new Route("POST /Forecast/{cityId}");
const addCity = new Route("POST /Cities", 1);

/** Three values to each of the nine cities. */
export function addToVisitedCities(): void {
  inRounds(VALUES_ROUND_SECONDS, () => addValues(plan.visited.map(({ id }) => id)));
}

/** Three values to each of the cities that there are by now. */
export function addToAllCities(): void {
  inRounds(VALUES_ROUND_SECONDS, () => {
    const cities = cityList.read("/Cities", (body) => isCityList(body, [])) as readonly City[] | undefined;
    addValues((cities ?? []).map(({ id }) => id));
  });
}

/** One city. */
export function addOneCity(): void {
  inRounds(CITIES_ROUND_SECONDS, () => {
    const name = `${CITY_MARK}${Date.now().toString(36)}-${__VU}`;
    addCity.post("/Cities", JSON.stringify({ name }), (body) => isCity(body) && body.name === name);
  });
}

function addValues(cities: readonly number[]): void {
  for (const cityId of cities) {
    for (let count = 0; count < VALUES_FOR_EACH_CITY; count += 1) {
      const temperature = Math.floor(Math.random() * 60) - 25;
      const fields = { dateTime: Date.now(), temperature, summary: VALUE_MARK + mood(temperature) };
      addValue.post(`/Forecast/${cityId}`, JSON.stringify(fields), (body) => isValue(body, { cityId, ...fields }));
    }
  }
}

function mood(temperature: number): string {
  const index = Math.floor(((temperature + 25) / 60) * MOODS.length);
  return MOODS[index] ?? "Mild";
}

let begun = false;

function inRounds(seconds: number, round: () => void): void {
  // Moderators begin at different moments of a round; in a short run, of its first part.
  if (!begun) sleep(Math.random() * Math.min(seconds, plannedSeconds(plan) / 5));
  begun = true;
  const start = Date.now();
  round();
  const rest = seconds - (Date.now() - start) / 1000;
  if (rest > 0) sleep(rest);
}
