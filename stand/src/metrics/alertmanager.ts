import * as z from "zod";
import { type Alert, Labels } from "./prometheus.ts";
import { ask, bareValueOf, type Server } from "./server.ts";

const AlertmanagerAlert = z
  .object({
    labels: Labels,
    status: z.object({
      /** `suppressed`: nobody is notified, because another alert inhibits it or somebody silenced it. */
      state: z.enum(["unprocessed", "active", "suppressed"]),
      /** Fingerprints of the alerts that inhibit it. */
      inhibitedBy: z.array(z.string()),
      /** Names of silences. */
      silencedBy: z.array(z.string()),
    }),
  })
  .transform(({ labels, status }) => ({ labels, ...status }));
/** An alert that Alertmanager has: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export type AlertmanagerAlert = z.output<typeof AlertmanagerAlert>;

/** Those that are not resolved, suppressed ones included. Rejects with a `PrometheusError`, as `createPrometheus` does. */
export const alertmanagerAlerts = async (server: Server): Promise<readonly AlertmanagerAlert[]> =>
  bareValueOf(await ask(server, "/api/v2/alerts"), z.array(AlertmanagerAlert));

/** Always fires, so that its absence shows that no alert would arrive. */
export const WATCHDOG = "Watchdog";

export interface FiringAlert {
  readonly name: string;
  /** Empty when its rule has none, as the machine. */
  readonly severity: string;
  readonly machine: string;
  /** Whether Alertmanager sends it, and if not, why. */
  readonly delivery: "sent" | "inhibited by another alert" | "silenced" | "unknown";
  /** When its expression became true; ISO 8601. */
  readonly since: string;
  readonly value: number;
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
}

const SEVERITIES = ["critical", "warning", "info"];

/** Without the watchdog, the most severe first. @param known the alerts that Alertmanager has; undefined when it did not answer */
export function firingAlerts(alerts: readonly Alert[], known: readonly AlertmanagerAlert[] | undefined) {
  return alerts
    .filter(({ name, state }) => state === "firing" && name !== WATCHDOG)
    .map(({ name, labels, annotations, activeAt, value }) => ({
      name,
      severity: labels.severity ?? "",
      machine: labels.machine ?? "",
      delivery: deliveryOf(known?.find((one) => isSame(labels, one.labels))),
      since: activeAt,
      value,
      summary: annotations.summary ?? "",
      labels,
    }))
    .sort((one, other) => rank(one.severity) - rank(other.severity) || Date.parse(one.since) - Date.parse(other.since));
}

function rank(severity: string): number {
  const place = SEVERITIES.indexOf(severity);
  return place < 0 ? SEVERITIES.length : place;
}

/** Alertmanager's copy may have additional labels. */
function isSame(labels: Alert["labels"], known: AlertmanagerAlert["labels"]): boolean {
  return Object.entries(labels).every(([name, value]) => known[name] === value);
}

function deliveryOf(alert: AlertmanagerAlert | undefined): FiringAlert["delivery"] {
  if (alert === undefined || alert.state === "unprocessed") return "unknown";
  if (alert.silencedBy.length > 0) return "silenced";
  return alert.inhibitedBy.length > 0 ? "inhibited by another alert" : "sent";
}
