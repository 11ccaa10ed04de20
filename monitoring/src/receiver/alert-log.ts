import { appendFileSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { ifMissing, parseJson, WATCHDOG } from "@goldenring/stand";
import * as z from "zod";

/** A notification that would make the file larger starts a new one. The previous file is kept, an older one is deleted. */
const MAX_FILE_BYTES = 10_000_000;

const olderOf = (file: string): string => `${file}.1`;

/** The log of alerts in a stand's folder. */
export const alertLogIn = (folder: string): string => join(folder, "alerts.jsonl");

/** The log has two files of limited size. One write per line, so that lines never mix. @throws {Error} when the disk is full */
export function appendToAlertLog(file: string, notification: Notification, maxFileBytes = MAX_FILE_BYTES): void {
  const line = `${JSON.stringify(notification)}\n`;
  const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes > 0 && sizeBytes + Buffer.byteLength(line) > maxFileBytes) renameSync(file, olderOf(file));
  appendFileSync(file, line, { mode: 0o600 });
}

/** What the log still has, oldest first. Truncated or unknown lines are skipped; a missing log is empty. */
export function readAlertLog(file: string): readonly Notification[] {
  return [olderOf(file), file]
    .flatMap((part) => ifMissing("", () => readFileSync(part, "utf8")).split("\n"))
    .flatMap((line) => Notification.safeParse(parseJson(line)).data ?? []);
}

const labels = z.record(z.string(), z.string());

/** The part of Alertmanager's webhook messages that is kept: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export const WebhookMessage = z.object({
  version: z.literal("4", "expected version 4 of Alertmanager's webhook messages"),
  receiver: z.string(),
  groupKey: z.string(),
  alerts: z.array(
    z.object({
      status: z.enum(["firing", "resolved"]),
      labels,
      annotations: labels,
      startsAt: z.iso.datetime({ offset: true }),
      endsAt: z.iso.datetime({ offset: true }),
      fingerprint: z.string(),
    }),
  ),
});
export type WebhookMessage = z.infer<typeof WebhookMessage>;

/** One notification, as the log of alerts keeps it: one line of JSON. */
export const Notification = WebhookMessage.extend({
  /** When it had arrived completely; ISO 8601, UTC. */
  arrivedAt: z.string(),
});
export type Notification = z.infer<typeof Notification>;

/** The first notification of a change of one alert: that it fires, or that it is resolved. Times are ISO 8601. */
export type ReceivedAlert = ReturnType<typeof receivedAlerts>[number];

/**
 * The changes in the order of their arrival, without the dead man's switch. Alertmanager repeats an alert that still fires, alone and
 * with its group: only the first notification counts.
 */
export function receivedAlerts(notifications: readonly Notification[]) {
  const known = new Set<string>();
  return notifications.flatMap(({ arrivedAt, alerts }) =>
    alerts.flatMap(({ status, labels, annotations, startsAt, endsAt, fingerprint }) => {
      const key = `${fingerprint} ${status} ${startsAt}`;
      if (known.has(key) || labels.alertname === WATCHDOG) return [];
      known.add(key);
      const changedAt = status === "firing" ? startsAt : endsAt;
      return {
        ...{ name: labels.alertname ?? "", status, labels, annotations },
        /** When it fired: after the time that its rule waits (`for`). */
        startsAt,
        /** Of a resolved one: when its expression stopped to hold. */
        endsAt: status === "resolved" ? endsAt : undefined,
        arrivedAt,
        /** From the change in Prometheus to the arrival, ms, by the clocks of two machines. */
        delayMs: Date.parse(arrivedAt) - Date.parse(changedAt),
      };
    }),
  );
}

/** Those that arrived at or after a time (ms since 1970). All are read, so that a repetition of an older one is recognized. */
export function receivedSince(notifications: readonly Notification[], sinceMs: number): readonly ReceivedAlert[] {
  return receivedAlerts(notifications).filter(({ arrivedAt }) => Date.parse(arrivedAt) >= sinceMs);
}

/** When the last notification of the dead man's switch arrived, ISO 8601; undefined: never. */
export function lastHeartbeat(notifications: readonly Notification[]): string | undefined {
  return notifications.findLast(({ alerts }) =>
    alerts.some(({ status, labels }) => labels.alertname === WATCHDOG && status === "firing"),
  )?.arrivedAt;
}
