import { optionsOf } from "../k6/options.ts";
import { plan } from "../k6/run-plan.ts";

export { handleSummary } from "../k6/summary.ts";
export { listCities as visitors } from "../k6/visitors.ts";
export const options = optionsOf(plan);
