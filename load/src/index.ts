/** Load tests: scenarios, runner, seeding; the door to this room. */
export { SCENARIOS, type Scenario, type ScenarioName, scenarioNamed } from "../k6/scenario-table.ts";
export type { LoadDeps, StandUnderLoad } from "./command/deps.ts";
export { type Output, TerminalOutput } from "./command/output.ts";
export { addLoadCommands } from "./program.ts";
export { RUNS_FOLDER } from "./run/checkout.ts";
export { LOAD_EXIT, LOAD_EXIT_MEANINGS, LoadError } from "./run/exit.ts";
export type { InsideNetwork } from "./run/k6-run.ts";
export type { PartsRow, PartUse, RunRecord, Series } from "./run/record.ts";
export type { DatabasePlace } from "./seed/database.ts";
export { standParts } from "./target/stand-parts.ts";
