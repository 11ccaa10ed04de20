/** Experiments, faults and their undo, probes, histories and their judgement; the door to this room. */

export type { LabControl, Stand } from "@goldenring/stand";
export { type ClusterMember, openStand, parseCluster } from "@goldenring/stand";
export { checkHistory, type Verdict } from "./check/check.ts";
export type { FinalRow, NodeRows } from "./check/final-rows.ts";
export type { Violation, ViolationKind } from "./check/violation.ts";
export { monotonicMs } from "./clock.ts";
export { addChaosCommands } from "./command/commands.ts";
export type { AvailableStand, ChaosDeps } from "./command/deps.ts";
export { recover } from "./command/recover.ts";
export type { AlertsSince, ReceivedAlert } from "./engine/alerts.ts";
export { type Engine, runningEngine } from "./engine/lock.ts";
export type { ExperimentInput } from "./experiment/experiment.ts";
export { type History, readHistory } from "./history/history.ts";
export { evenWindows, type RequestFigures, type Summary, summarize, type TimeWindow } from "./history/summary.ts";
export { newRunName } from "./probe/options.ts";
export { probeProgram, roleSamplerProgram } from "./probe/programs.ts";
export { type RoleSample, readRoleSamples } from "./roles/samples.ts";
export { judgeRoles, type RolesVerdict, timeToNewPrimary } from "./roles/verdict.ts";
export { ExperimentRun } from "./run/record.ts";
export { deleteRunSql, parseRowLines, readStoredRows, rowsOfRunSql } from "./stored/stored-rows.ts";
export { openFaults } from "./undo/open-fault.ts";
