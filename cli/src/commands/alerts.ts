import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { alertLogIn, lastHeartbeat, readAlertLog, receivedSince } from "@goldenring/monitoring";
import { EXIT, print, printError } from "@goldenring/run-kit";
import { alertmanagerAlerts, createPrometheus, firingAlerts, messageOf } from "@goldenring/stand";
import { alertsText, receivedLine } from "../alerts-text.ts";
import { type Context, labOf } from "../context.ts";
import { monitoringServers } from "../endpoints.ts";

export interface AlertsOptions {
  readonly json: boolean;
  readonly since: Age;
  /** Print each one as it arrives, until Ctrl-C. */
  readonly follow: boolean;
}

/** A duration as the user wrote it: `10m`. */
export interface Age {
  readonly text: string;
  readonly ms: number;
}

const DEADLINE_MS = 3_000;
const POLL_MS = 500;

export async function alerts(context: Context, options: AlertsOptions): Promise<number> {
  if (options.follow) return followAlerts(context, options);
  const { problems, ...report } = await readAlerts(context, options.since);
  if (options.json) {
    const { firing = null, received = null, heartbeat = null } = report;
    print(`${JSON.stringify({ firing, received, heartbeat, problems }, null, 2)}\n`);
  } else {
    print(alertsText(report, options.since.text));
    for (const problem of problems) printError(`ring: ${problem}\n`);
  }
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

/** @returns its `problems`: what did not answer, and why */
async function readAlerts(context: Context, since: Age) {
  const { lab, folder } = context;
  const servers = await monitoringServers(context);
  const problems: string[] = [];
  const orNote = async <Answer>(service: string, work: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await work;
    } catch (error) {
      problems.push(`${service}: ${messageOf(error)}`);
      return undefined;
    }
  };
  const [active, known] = await Promise.all([
    orNote("Prometheus", createPrometheus({ ...servers.prometheus, deadlineMs: DEADLINE_MS }).alerts()),
    orNote("Alertmanager", alertmanagerAlerts({ ...servers.alertmanager, deadlineMs: DEADLINE_MS })),
  ]);
  const notifications = lab && readAlertLog(alertLogIn(folder));
  return {
    firing: active && firingAlerts(active, known),
    received: notifications && receivedSince(notifications, Date.now() - since.ms),
    heartbeat: notifications && lastHeartbeat(notifications),
    problems,
  };
}

async function followAlerts(context: Context, { since, json }: AlertsOptions): Promise<number> {
  labOf(context, "alerts --follow");
  await context.inventory();
  const { signal } = context;
  const log = alertLogIn(context.folder);
  const shown = new Set<string>();
  const from = Date.now() - since.ms;
  let readVersion = "";
  while (!signal.aborted) {
    const version = sizeAndTimeOf(log);
    // The log may be long: it is read only when it has changed.
    const alerts = version === readVersion ? [] : receivedSince(readAlertLog(log), from);
    readVersion = version;
    for (const alert of alerts) {
      const key = JSON.stringify([alert.labels, alert.status, alert.startsAt]);
      if (shown.has(key)) continue;
      shown.add(key);
      print(`${json ? JSON.stringify(alert) : receivedLine(alert)}\n`);
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => {});
  }
  return EXIT.ok;
}

function sizeAndTimeOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.size} ${stats.mtimeMs}`;
}
