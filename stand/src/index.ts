/** What a stand is and how to reach its parts: the inventory, commands on machines, roles and health, metrics, objectives. */

export { ifMissing, messageOf } from "./computer/errors.ts";
export { parseJson, readJsonFile, replaceFile, syncFolder } from "./computer/files.ts";
export { type HttpRequest, httpRequest } from "./computer/http-request.ts";
export { type Lock, LockHeld, lockHolder, takeLock, withLock } from "./computer/lock.ts";
export * from "./computer/process-id.ts";
export { programReport, type SignOfLife } from "./computer/program-report.ts";
export * from "./computer/run-program.ts";
export { shellQuote, shellWords } from "./computer/shell-words.ts";
export { bunProgram, CHECKOUT, cleanEnvironment, startProgram } from "./computer/start-program.ts";
export { type Attempt, DeadlineExceeded, waitFor, waitUntil } from "./computer/wait-for.ts";
export type { MonitoringHealth } from "./health/ask-monitoring.ts";
export { readServices, type ServicesHealth } from "./health/ask-services.ts";
export { problemsOf, type StandRoles, serviceUrl, steadyState } from "./health/judge.ts";
export { serversIn } from "./health/parse-answers.ts";
export { primaryOf, psql, sql, untilReplayed } from "./health/sql.ts";
export * from "./inventory/inventory.ts";
export {
  type Authority,
  authorityFile,
  etcdTls,
  loginOf,
  readAuthority,
  readCertificate,
  readLogins,
  SecretsError,
  serverLogin,
} from "./inventory/logins.ts";
export { readInventory } from "./inventory/read-inventory.ts";
export { Shell } from "./machine/shell.ts";
export { inNamespace, runOn, SSH_FAILED, sshAlone, sshCommand, sshTerminal } from "./machine/ssh.ts";
export { alertmanagerAlerts, type FiringAlert, firingAlerts, WATCHDOG } from "./metrics/alertmanager.ts";
export { createPrometheus, type Prometheus, type Sample } from "./metrics/prometheus.ts";
export { PrometheusError, type Server } from "./metrics/server.ts";
export * from "./objectives/objectives.ts";
export * from "./objectives/service-levels.ts";
export * from "./stand.ts";
export { OPERATOR, openStand, ringHome, thisComputer } from "./stand.ts";
