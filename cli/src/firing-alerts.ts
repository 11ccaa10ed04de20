import { WATCHDOG } from "@goldenring/monitoring";
import type { Alert, AlertmanagerAlert } from "@goldenring/stand";

/** An alert that fires now. */
export interface FiringAlert {
  readonly name: string;
  /** Empty when its rule gives none, as the machine. */
  readonly severity: string;
  readonly machine: string;
  /** What Alertmanager makes of it: who is told nothing is told why not. */
  readonly delivery: "told" | "inhibited by another alert" | "silenced" | "unknown";
  /** Since when its rule holds; ISO 8601. */
  readonly since: string;
  readonly value: number;
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
}

const SEVERITIES = ["critical", "warning", "info"];

/**
 * The alerts that fire, the worst first, without the dead man's switch.
 *
 * @param known what Alertmanager has; undefined when it could not be asked
 */
export function firingAlerts(
  alerts: readonly Alert[],
  known: readonly AlertmanagerAlert[] | undefined,
): readonly FiringAlert[] {
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

/** On its way to Alertmanager an alert may get labels more. */
function isSame(labels: Alert["labels"], known: AlertmanagerAlert["labels"]): boolean {
  return Object.entries(labels).every(([name, value]) => known[name] === value);
}

function deliveryOf(alert: AlertmanagerAlert | undefined): FiringAlert["delivery"] {
  if (alert === undefined || alert.state === "unprocessed") return "unknown";
  if (alert.silencedBy.length > 0) return "silenced";
  return alert.inhibitedBy.length > 0 ? "inhibited by another alert" : "told";
}
