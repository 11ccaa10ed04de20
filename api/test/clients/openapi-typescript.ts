/** Uses the types that openapi-typescript generates: adds, renames, changes and lists. Prints the id of its city. */
import createClient from "openapi-fetch";
import type { paths } from "./schema.d.ts";

const api = createClient<paths>({ baseUrl: process.argv[2] ?? "" });

function check<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw new Error(`not as expected: ${JSON.stringify(error)}`);
  return data;
}

const { id } = check(await api.POST("/Cities", { body: { name: "New" } }));
const path = { id };
const renamed: string = check(await api.PUT("/Cities/{id}", { params: { path }, body: { name: "Renamed" } })).name;
const value = { dateTime: 1_795_000_000_000, temperature: -7, summary: "Snow" };
const added = check(await api.POST("/Forecast/{id}", { params: { path }, body: value }));
const change = { dateTime: 1_795_000_000_000, temperature: -8 };
const changed = check(await api.PUT("/Forecast/{id}", { params: { path: { id: added.id } }, body: change }));
const summary: string | null = changed.summary;
const weather = check(await api.GET("/WeatherForecast", { params: { query: { cityId: id } } }));
const missing = await api.GET("/Cities/{id}", { params: { path: { id: Number.MAX_SAFE_INTEGER } } });
const status: number | undefined = missing.error?.status;
const temperatures = weather.flatMap(({ forecast }) => forecast.map(({ temperature }) => temperature));
const found = JSON.stringify([renamed, summary, temperatures, status]);
if (found !== '["Renamed",null,[-8],404]') throw new Error(`not as expected: ${found}`);
console.log(id);
