import type { Inventory } from "../inventory/inventory.ts";
import type { Login } from "../inventory/logins.ts";
import { createAlertmanager } from "../metrics/alertmanager.ts";
import { firingAlerts } from "../metrics/firing-alerts.ts";
import { type Alert, createPrometheus, type Prometheus, type Target } from "../metrics/prometheus.ts";
import type { Sample } from "../metrics/samples.ts";
import type { Server } from "../metrics/server.ts";
import type { MonitoringHealth } from "./services.ts";

/**
 * What Prometheus and Alertmanager report; undefined when the stand has no machine for them. Never rejects.
 *
 * @param ca undefined before the playbook has made it
 */
export async function askMonitoring(
  inventory: Inventory,
  logins: Readonly<Record<string, Login>>,
  ca: string | undefined,
  deadlineMs: number,
): Promise<MonitoringHealth | undefined> {
  const [machine] = inventory.byRole("prometheus");
  if (machine === undefined) return undefined;
  const serverOf = (service: "prometheus" | "alertmanager", port: number): Server => {
    const login = logins[service];
    if (login === undefined || ca === undefined) throw new Error("the playbook has not made its login yet");
    return { url: `https://${machine.address}:${port}`, ca, ...login, deadlineMs };
  };
  const [seen, alertmanager] = await Promise.all([
    orError(async () => seenBy(createPrometheus(serverOf("prometheus", 9_090)))),
    orError(async () => createAlertmanager(serverOf("alertmanager", 9_093)).alerts()),
  ]);
  const nothing = { targets: { up: 0, down: [], silent: [] }, alerts: [] };
  return {
    name: machine.name,
    prometheus: seen.error === undefined ? {} : { error: seen.error },
    alertmanager: alertmanager.error === undefined ? {} : { error: alertmanager.error },
    ...(seen.answer ?? nothing),
  };
}

/**
 * One failed scrape means little: after a fault the next one follows within seconds. A minute without a successful one is a problem, but only for targets
 * that have been known for a minute: right after an installation the first scrapes may come too early.
 */
const SILENT = "max_over_time(up[1m]) == 0 and up offset 1m";

async function seenBy(prometheus: Prometheus): Promise<Pick<MonitoringHealth, "targets" | "alerts">> {
  const [targets, alerts, silent] = await Promise.all([
    prometheus.targets(),
    prometheus.alerts(),
    prometheus.query(SILENT),
  ]);
  return { targets: { ...healthOf(targets), silent: silent.map(silentTarget) }, alerts: firingOf(alerts) };
}

function healthOf(targets: readonly Target[]): Omit<MonitoringHealth["targets"], "silent"> {
  const down = targets
    .filter(({ health }) => health !== "up")
    .map(({ job, instance, labels, error }) => ({
      job,
      instance,
      machine: labels.machine ?? "",
      error: error || "not scraped yet",
    }));
  return { up: targets.length - down.length, down };
}

function silentTarget({ labels }: Sample): MonitoringHealth["targets"]["silent"][number] {
  return { job: labels.job ?? "", instance: labels.instance ?? "", machine: labels.machine ?? "" };
}

function firingOf(alerts: readonly Alert[]): MonitoringHealth["alerts"] {
  return firingAlerts(alerts, undefined).map(({ name, severity, machine, since, summary }) => ({
    name,
    severity,
    machine,
    since,
    summary,
  }));
}

interface Answered<Answer> {
  readonly answer?: Answer;
  readonly error?: string;
}

async function orError<Answer>(work: () => Promise<Answer>): Promise<Answered<Answer>> {
  try {
    return { answer: await work() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
