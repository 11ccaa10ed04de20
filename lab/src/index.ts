/** The stand's machines on one Linux computer: see docs/lab.md. */

export { type Forwards, Lab } from "./lab.ts";
export { DIRECTIONS, type Direction } from "./network/faults.ts";
export { DEFAULT_NETWORK, type Limit, MACHINE_NAMES } from "./plan.ts";
export { LabProblem, StandBusy } from "./problem.ts";
export type { Progress, TaskOptions } from "./progress.ts";
export type { UpOptions } from "./settle.ts";
export type { Snapshot, SnapshotOptions } from "./snapshots/catalogue.ts";
export type { Faults } from "./state/runtime.ts";
export { RTO, type Rto } from "./state/settings.ts";
export type { MachineStatus } from "./status.ts";
export type { UpResult } from "./up.ts";
