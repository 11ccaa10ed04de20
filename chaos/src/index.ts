/** Experiments, faults and their undo, probes, histories and their judgement; the door to this room. */

export type { LabDoor, Stand } from "@goldenring/stand";
export { type ClusterMember, openStand, parseCluster } from "@goldenring/stand";
export { checkHistory, type Verdict } from "./check/check.ts";
export type { FinalRow, NodeRows } from "./check/final-rows.ts";
export type { Violation, ViolationKind } from "./check/violation.ts";
export { monotonicMs } from "./clock.ts";
export { addChaosCommands } from "./command/commands.ts";
export { type ChaosDeps, type ChaosOutput, type StandAtHand, terminalOutput } from "./command/deps.ts";
export { recover } from "./command/recover.ts";
export type { AlertsSince, ReceivedAlert } from "./engine/alerts.ts";
export { type Engine, runningEngine } from "./engine/lock.ts";
export type { ExperimentInput } from "./experiment/experiment.ts";
export { type History, readHistory } from "./history/history.ts";
export { deleteRunSql, parseRowLines, readStoredRows, rowsOfRunSql } from "./history/stored-rows.ts";
export { evenWindows, type RequestFigures, type Summary, summarize, type TimeWindow } from "./history/summary.ts";
export { newRunName } from "./probe/options.ts";
export { probeProgram, roleSamplerProgram } from "./programs.ts";
export { type RoleSample, readRoleSamples } from "./roles/samples.ts";
export { judgeRoles, type RolesVerdict, timeToNewPrimary } from "./roles/verdict.ts";
export { RUNS_FOLDER } from "./run/checkout.ts";
export { CHAOS_EXIT, CHAOS_EXIT_MEANINGS, ChaosError } from "./run/exit.ts";
export { ExperimentRun } from "./run/record.ts";
export { openFaults } from "./undo/open-fault.ts";
