import * as z from "zod";
import { messageOf } from "../computer/errors.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { serverLogin } from "../inventory/logins.ts";
import { alertmanagerAlerts, firingAlerts } from "../metrics/alertmanager.ts";
import { createPrometheus, type Prometheus, type Sample, type Target } from "../metrics/prometheus.ts";
import type { Server } from "../metrics/server.ts";

/** What Prometheus and Alertmanager report; undefined when the stand has no machine for them. Never rejects. */
export async function askMonitoring(inventory: Inventory, deadlineMs: number) {
  const [machine] = inventory.byRole("prometheus");
  if (machine === undefined) return undefined;
  const serverOf = async (service: "prometheus" | "alertmanager", port: number): Promise<Server> => {
    return { url: `https://${machine.address}:${port}`, ...(await serverLogin(inventory, service)), deadlineMs };
  };
  const [seen, alertmanager] = await Promise.all([
    orError(async () => seenBy(createPrometheus(await serverOf("prometheus", 9_090)))),
    orError(async () => alertmanagerAlerts(await serverOf("alertmanager", 9_093))),
  ]);
  const nothing = {
    targets: { up: 0, down: [], silent: [], unasked: 0 },
    alerts: [],
    backups: [],
    restoreTestedAt: undefined,
  };
  return {
    /** The machine that both run on. */
    name: machine.name,
    prometheus: seen.error === undefined ? {} : { error: seen.error },
    alertmanager: alertmanager.error === undefined ? {} : { error: alertmanager.error },
    ...(seen.answer ?? nothing),
  };
}

export type MonitoringHealth = NonNullable<Awaited<ReturnType<typeof askMonitoring>>>;

/**
 * One failed scrape means little: after a fault the next one follows within seconds. A minute without a successful one is a problem, but only for targets
 * that have been known for a minute: right after an installation the first scrapes may come too early.
 */
const SILENT = "max_over_time(up[1m]) == 0 and up offset 1m";

async function seenBy(prometheus: Prometheus) {
  const [targets, alerts, silent, [restoreTest]] = await Promise.all([
    prometheus.targets(),
    prometheus.alerts(),
    prometheus.query(SILENT),
    prometheus.query("max(goldenring_restore_test_timestamp_seconds)"),
  ]);
  const down = targets
    .filter(({ health }) => health !== "up")
    .map((target) => ({ ...identityOf(target), error: target.error || "not scraped yet" }));
  return {
    /** What is wrong with the backups, from the first evaluation on: nobody but Prometheus and a command on their machine knows. */
    backups: alerts
      .filter(({ name }) => /^(Backup|RestoreTest)/.test(name))
      .map(({ annotations, labels }) => annotations.summary ?? labels.alertname ?? ""),
    /** The weekly test of a restore; that it failed is among `backups`. */
    restoreTestedAt: restoreTest && new Date(restoreTest.value * 1_000).toISOString(),
    /** `down`: the last scrape failed, or there was none yet (`unasked`). `silent`: none has succeeded for a minute. */
    targets: {
      up: targets.length - down.length,
      down,
      silent: silent.map(identityOf),
      unasked: targets.filter(({ health }) => health === "unknown").length,
    },
    alerts: firingAlerts(alerts, undefined).map(({ name, severity, machine, since, summary }) => {
      return { name, severity, machine, since, summary };
    }),
  };
}

const identityOf = ({ labels: { job = "", instance = "", machine = "" } }: Target | Sample) => ({
  job,
  instance,
  machine,
});

interface Answered<Answer> {
  readonly answer?: Answer;
  readonly error?: string;
}

/** The answer, or why there is none. */
export async function orError<Answer>(work: () => Promise<Answer>): Promise<Answered<Answer>> {
  try {
    return { answer: await work() };
  } catch (error) {
    if (error instanceof z.ZodError) return { error: `an unexpected answer: ${z.prettifyError(error)}` };
    return { error: messageOf(error) };
  }
}
