/** Asks Prometheus and Alertmanager by their HTTP APIs. */
export {
  type Alertmanager,
  type AlertmanagerAlert,
  createAlertmanager,
} from "./alertmanager.ts";
export { type FiringAlert, firingAlerts, WATCHDOG } from "./firing-alerts.ts";
export {
  type Alert,
  createPrometheus,
  type Metadata,
  type Prometheus,
  type Range,
  type Rule,
  type Target,
} from "./prometheus.ts";
export type { Labels, Sample, Series } from "./samples.ts";
export { type ErrorKind, PrometheusError, type Server } from "./server.ts";
