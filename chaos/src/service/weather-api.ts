import WEATHER_API_FILE from "../../services/weather-api.service.json" with { type: "json" };
import { Service } from "./service.ts";

/** What experiments load when they name no other service: a service file like any other. */
export const WEATHER_API: Service = Service.parse(WEATHER_API_FILE);
