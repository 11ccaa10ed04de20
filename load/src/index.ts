/** Load tests: scenarios, runs by k6, seeds, reports; the public API. */
export type { LoadDeps, StandUnderLoad } from "./command/deps.ts";
export { addLoadCommands } from "./command/program.ts";
export type { InsideNetwork } from "./run/k6-run.ts";
export type { DatabasePlace } from "./seed/database.ts";
