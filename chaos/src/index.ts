/** Experiments: faults and their undo, probes, histories and their judgement. The checkers alone: `@goldenring/chaos/check`, `@goldenring/chaos/http`. */

export { EXPERIMENTS } from "./book/registry.ts";
export { addChaosCommands } from "./command/commands.ts";
export type { AvailableStand, ChaosDeps } from "./command/deps.ts";
export { addInitCommand } from "./command/init.ts";
export { recover } from "./command/recover.ts";
export { type Engine, runningEngine } from "./engine/lock.ts";
export type { StandMonitoring } from "./engine/run-context.ts";
export type { ExperimentInput } from "./experiment/experiment.ts";
export { ExperimentRun } from "./run/record.ts";
export { openFaults } from "./undo/open-fault.ts";
