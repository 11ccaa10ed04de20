/** Probes, histories and their judgement; the door to this room. */
export { checkHistory, type Verdict } from "./check/check.ts";
export type { FinalRow, NodeRows } from "./check/final-rows.ts";
export type { Violation, ViolationKind } from "./check/violation.ts";
export { monotonicMs } from "./clock.ts";
export { type History, readHistory } from "./history/history.ts";
export { parseRowLines, readStoredRows, rowsOfRunSql } from "./history/stored-rows.ts";
export { evenWindows, type RequestFigures, type Summary, summarize, type TimeWindow } from "./history/summary.ts";
export { newRunName } from "./probe/options.ts";
export { probeProgram, roleSamplerProgram } from "./programs.ts";
export { type ClusterMember, parseCluster } from "./roles/cluster.ts";
export { type RoleSample, readRoleSamples } from "./roles/samples.ts";
export { judgeRoles, type RolesVerdict, timeToNewPrimary } from "./roles/verdict.ts";
