import { isCity, isCityList, isValue, isWeatherText } from "./bodies.ts";
import { Route } from "./requests.ts";
import { plan } from "./run-plan.ts";

const cityList = new Route("GET /Cities");
const city = new Route("GET /Cities/{id}");
const value = new Route("GET /Forecast/{id}");
const weather = new Route("GET /WeatherForecast");

const knownCities = plan.visited.map(({ id }) => id);

export function listCities(): void {
  cityList.get("/Cities", (body) => isCityList(body, knownCities));
}

function openCity(id: number): void {
  city.get(`/Cities/${id}`, (body) => isCity(body) && body.id === id);
}

/** The list, then each of the cities. */
export function browseCities(): void {
  listCities();
  for (const { id } of plan.visited) openCity(id);
}

/** As far as this user has come on the walk through the cities. */
let next = 0;

/** The list, then each of the cities with ten of its values; one city in every iteration, so that iterations stay short. */
export function browseWeather(): void {
  if (next === 0) listCities();
  const visited = plan.visited[next];
  next = (next + 1) % plan.visited.length;
  if (visited === undefined) return;
  openCity(visited.id);
  for (const id of visited.values) value.get(`/Forecast/${id}`, (body) => isValue(body, { id }));
}

/** Everything at once. */
export function askForAll(): void {
  weather.getLarge("/WeatherForecast", (text) => isWeatherText(text, plan.visited));
}
