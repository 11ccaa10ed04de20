/** What the Weather API promises, and how fast its error budget may be used up before a person is notified. */
export * from "./burn-rates.ts";
export * from "./objectives.ts";
export * from "./service-levels.ts";
