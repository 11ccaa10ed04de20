/** Uses the client that openapi-generator generates for TypeScript: adds, renames, changes and lists. Prints the id of its city. */
import { CitiesApi, Configuration, ForecastApi, ResponseError, WeatherForecastApi } from "./client/index.ts";

const configuration = new Configuration({ basePath: process.argv[2] ?? "" });
const cities = new CitiesApi(configuration);
const values = new ForecastApi(configuration);

const { id } = await cities.addCity({ cityInput: { name: "New" } });
const renamed: string = (await cities.renameCity({ id, cityInput: { name: "Renamed" } })).name;
const newForecast = { dateTime: 1_795_000_000_000, temperature: -7, summary: "Snow" };
const added = await values.addForecast({ id, newForecast });
const changedForecast = { dateTime: 1_795_000_000_000, temperature: -8 };
const changed = await values.changeForecast({ id: added.id, changedForecast });
const weather = await new WeatherForecastApi(configuration).listWeather({ cityId: id });
const missing: unknown = await cities.getCity({ id: Number.MAX_SAFE_INTEGER }).catch((error: unknown) => error);
const status = missing instanceof ResponseError ? missing.response.status : undefined;
const temperatures = weather.flatMap(({ forecast }) => forecast.map(({ temperature }) => temperature));
const found = JSON.stringify([renamed, changed.summary, temperatures, status]);
if (found !== '["Renamed",null,[-8],404]') throw new Error(`not as expected: ${found}`);
console.log(id);
