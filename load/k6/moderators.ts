import { sleep } from "k6";
import { type City, isCity, isCityList, isValue } from "./bodies.ts";
import { CITY_MARK, newValue, plannedSeconds } from "./plan.ts";
import { plan, Route } from "./requests.ts";

const VALUES_FOR_EACH_CITY = 3;
/** A round starts this often, if the one before is over. */
const VALUES_ROUND_SECONDS = 30;
const CITIES_ROUND_SECONDS = 60;

const cityList = new Route("GET /Cities");
const valueOfCity = new Route("POST /Forecast/{cityId}");
const newCity = new Route("POST /Cities", 1);

/** Adds three values to each visited city, or to each of the cities that there are by now. */
export function addValues(): void {
  inRounds(VALUES_ROUND_SECONDS, () => {
    for (const { id } of plan.moderators.forValues?.cities === "all" ? allCities() : plan.visited) addTo(id);
  });
}

export function addCity(): void {
  inRounds(CITIES_ROUND_SECONDS, () => {
    const name = `${CITY_MARK}${Date.now().toString(36)}-${__VU}`;
    newCity.post("/Cities", JSON.stringify({ name }), (body) => isCity(body) && body.name === name);
  });
}

function allCities(): readonly City[] {
  return (cityList.read("/Cities", (body) => isCityList(body, [])) as readonly City[] | undefined) ?? [];
}

function addTo(cityId: number): void {
  for (let count = 0; count < VALUES_FOR_EACH_CITY; count += 1) {
    const fields = newValue(Date.now());
    valueOfCity.post(`/Forecast/${cityId}`, JSON.stringify(fields), (body) => isValue(body, { cityId, ...fields }));
  }
}

let hasStarted = false;

function inRounds(seconds: number, round: () => void): void {
  // Moderators start at different moments of a round; in a short run, of its first part.
  if (!hasStarted) sleep(Math.random() * Math.min(seconds, plannedSeconds(plan) / 5));
  hasStarted = true;
  const start = Date.now();
  round();
  const rest = seconds - (Date.now() - start) / 1000;
  if (rest > 0) sleep(rest);
}
