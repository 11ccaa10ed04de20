import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  alertLogIn,
  lastHeartbeat,
  type Notification,
  type ReceivedAlert,
  readAlertLog,
  receivedAlerts,
} from "@goldenring/monitoring";
import { createAlertmanager, createPrometheus } from "@goldenring/stand";
import { type AlertsReport, alertsText, receivedLine } from "../alerts-text.ts";
import { type Context, labOf } from "../context.ts";
import { EXIT } from "../exit.ts";
import { firingAlerts } from "../firing-alerts.ts";
import { monitoringServers } from "../monitoring-servers.ts";

export interface AlertsOptions {
  readonly json: boolean;
  /** How far back the received ones go. */
  readonly since: Age;
  /** Go on and show each one as it arrives. */
  readonly follow: boolean;
}

/** A length of time in the user's words: `10m`. */
export interface Age {
  readonly text: string;
  readonly ms: number;
}

/** Milliseconds. Two deadlines are over within the time that a person waits. */
const DEADLINE = 3_000;
const LOOK_EVERY = 500;

/** The alerts that fire, and those that were received. */
export async function alerts(context: Context, options: AlertsOptions, signal: AbortSignal): Promise<number> {
  if (options.follow) return followAlerts(context, options, signal);
  const { problems, ...report } = await readAlerts(context, options.since);
  if (options.json) {
    const { firing = null, received = null, heartbeat = null } = report;
    process.stdout.write(`${JSON.stringify({ firing, received, heartbeat, problems }, null, 2)}\n`);
  } else {
    process.stdout.write(alertsText(report, options.since.text));
    for (const problem of problems) process.stderr.write(`ring: ${problem}\n`);
  }
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

interface Seen extends AlertsReport {
  /** What could not be asked, and why. */
  readonly problems: readonly string[];
}

async function readAlerts(context: Context, since: Age): Promise<Seen> {
  const { lab, folder } = context;
  const servers = await monitoringServers(context);
  const problems: string[] = [];
  const orSay = async <Answer>(service: string, work: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await work;
    } catch (error) {
      problems.push(`${service}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const [active, known] = await Promise.all([
    orSay("Prometheus", createPrometheus({ ...servers.prometheus, deadlineMs: DEADLINE }).alerts()),
    orSay("Alertmanager", createAlertmanager({ ...servers.alertmanager, deadlineMs: DEADLINE }).alerts()),
  ]);
  const notifications = lab && readAlertLog(alertLogIn(folder));
  return {
    firing: active && firingAlerts(active, known),
    received: notifications && receivedSince(notifications, Date.now() - since.ms),
    heartbeat: notifications && lastHeartbeat(notifications),
    problems,
  };
}

/** Repetitions of what arrived earlier are no news, so all are read and the early ones left out then. */
function receivedSince(notifications: readonly Notification[], since: number): readonly ReceivedAlert[] {
  return receivedAlerts(notifications).filter(({ arrivedAt }) => Date.parse(arrivedAt) >= since);
}

/** Until Ctrl-C, which is how one stops following. */
async function followAlerts(context: Context, { since, json }: AlertsOptions, signal: AbortSignal): Promise<number> {
  labOf(context, "alerts --follow");
  await context.inventory();
  const log = alertLogIn(context.folder);
  const shown = new Set<string>();
  const from = Date.now() - since.ms;
  let readWhenItWas = "";
  while (!signal.aborted) {
    const is = sizeAndTimeOf(log);
    // The log may be long: it is read when it has changed.
    const alerts = is === readWhenItWas ? [] : receivedSince(readAlertLog(log), from);
    readWhenItWas = is;
    for (const alert of alerts) {
      const key = JSON.stringify([alert.labels, alert.status, alert.startsAt]);
      if (shown.has(key)) continue;
      shown.add(key);
      process.stdout.write(`${json ? JSON.stringify(alert) : receivedLine(alert)}\n`);
    }
    await delay(LOOK_EVERY, undefined, { signal }).catch(() => {});
  }
  return EXIT.ok;
}

function sizeAndTimeOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.size} ${stats.mtimeMs}`;
}
