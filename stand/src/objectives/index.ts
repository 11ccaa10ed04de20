/** What the Weather API promises, and how fast it may be broken before somebody is told. */
export {
  BUDGET_PERIOD,
  BURN_RATES,
  type BurnRate,
  burnRatesOf,
  burnThreshold,
  LEAST_BAD_REQUESTS,
  type Window,
} from "./burn-rates.ts";
export { OBJECTIVES, type Objectives } from "./objectives.ts";
export { AVAILABILITY, LATENCY_P90, LATENCY_P95, SERVICE_LEVELS, type ServiceLevel } from "./service-levels.ts";
