/** Load tests: scenarios, runner, seeding; the public API. */
export { SCENARIOS, type Scenario, type ScenarioName, scenarioNamed } from "../k6/scenario-table.ts";
export type { LoadDeps, StandUnderLoad } from "./command/deps.ts";
export { addLoadCommands } from "./program.ts";
export type { ResourceRow, ResourceUse, RunRecord, Series } from "./record/record.ts";
export { standResources } from "./resources/stand-resources.ts";
export type { InsideNetwork } from "./run/k6-run.ts";
export type { DatabasePlace } from "./seed/database.ts";
