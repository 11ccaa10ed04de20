import { planOf } from "./plan.ts";

/** The plan of this run. Every virtual user reads it once, when k6 loads the scenario. */
export const plan = planOf(__ENV);
