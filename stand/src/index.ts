/** What a stand is and how to reach its parts: the inventory, commands on machines, roles and health, metrics, objectives. */

export { type Lock, LockHeld, type LockOptions, lockHolder, takeLock, withLock } from "./computer/lock.ts";
export { bootId, isAlive, ProcessId, processIdOf, sendSignal } from "./computer/process-id.ts";
export { ProgramReport, type SignOfLife } from "./computer/program-report.ts";
export { type ReplaceOptions, replaceFile, syncFolder } from "./computer/replace-file.ts";
export {
  type Completed,
  DEADLINE_EXCEEDED,
  killGroup,
  lastLines,
  ProgramFailed,
  type RunOptions,
  runOrThrow,
  runProgram,
} from "./computer/run-program.ts";
export { shellQuote, shellWords } from "./computer/shell-words.ts";
export { type Attempt, DeadlineExceeded, type WaitOptions, waitFor, waitUntil } from "./computer/wait-for.ts";
export { SHOW_SERVERS, serversIn } from "./health/haproxy-servers.ts";
export { type ClusterMember, parseCluster } from "./health/patroni-cluster.ts";
export { readServices } from "./health/read-services.ts";
export type { MonitoringHealth, ServicesHealth } from "./health/services.ts";
export { primaryOf, psql, sql, untilReplayed } from "./health/sql.ts";
export {
  ETCD_HEALTH,
  isHealthy,
  type StandRoles,
  serviceUrl,
  steadyState,
} from "./health/steady-state.ts";
export {
  fenceArgv,
  type Inventory,
  InventoryError,
  type Machine,
  machineNamed,
  ROLES,
  type Role,
  type Rto,
} from "./inventory/inventory.ts";
export { type Login, readLogins } from "./inventory/logins.ts";
export { readInventory } from "./inventory/read-inventory.ts";
export { Shell, type ShellOptions } from "./machine/shell.ts";
export { inNamespace, runOn, SSH_FAILED, sshCommand, sshTerminal } from "./machine/ssh.ts";
export * from "./metrics/index.ts";
export * from "./objectives/index.ts";
export { OPERATOR, openStand, thisComputer } from "./open-stand.ts";
export {
  byRole,
  DIRECTION_WORDS,
  DIRECTIONS,
  type Direction,
  type LabControl,
  machineOf,
  must,
  type NetworkFaults,
  type Stand,
  type StandMachine,
} from "./stand.ts";
