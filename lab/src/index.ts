/** The stand's machines on one Linux computer: see docs/lab.md. */

export { type Forwards, Lab } from "./lab.ts";
export type { Faults } from "./network/faults.ts";
export { DEFAULT_NETWORK, type Limit, MACHINE_NAMES } from "./plan.ts";
export type { Snapshot, SnapshotOptions } from "./snapshots/catalogue.ts";
export type { MachineStatus } from "./stand.ts";
export type { UpOptions } from "./state/settings.ts";
export type { TaskOptions } from "./task.ts";
export type { UpResult } from "./up.ts";
