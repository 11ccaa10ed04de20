import { isCity, isCityList, isValue, isWeatherText } from "./bodies.ts";
import type { Visit } from "./plan.ts";
import { plan, Route } from "./requests.ts";

const cityList = new Route("GET /Cities");
const city = new Route("GET /Cities/{id}");
const value = new Route("GET /Forecast/{id}");
const weather = new Route("GET /WeatherForecast");

const knownCities = plan.visited.map(({ id }) => id);

const VISITS: Readonly<Record<Visit, () => void>> = {
  "list cities": listCities,
  "browse cities": () => {
    listCities();
    for (const { id } of plan.visited) openCity(id);
  },
  "browse weather": browseWeather,
  "ask for all": () => weather.getLarge("/WeatherForecast", (text) => isWeatherText(text, plan.visited)),
};

export const visit = VISITS[plan.visit];

function listCities(): void {
  cityList.get("/Cities", (body) => isCityList(body, knownCities));
}

function openCity(id: number): void {
  city.get(`/Cities/${id}`, (body) => isCity(body) && body.id === id);
}

/** Index of the city that this user opens next. */
let next = 0;

/** The list, then each of the cities with ten of its values; one city in every iteration, so that iterations stay short. */
function browseWeather(): void {
  if (next === 0) listCities();
  const visited = plan.visited[next];
  next = (next + 1) % plan.visited.length;
  if (visited === undefined) return;
  openCity(visited.id);
  for (const id of visited.values) value.get(`/Forecast/${id}`, (body) => isValue(body, { id }));
}
