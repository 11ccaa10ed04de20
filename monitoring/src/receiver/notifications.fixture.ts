import type { Notification } from "./alert-log.ts";

type AlertOf = Notification["alerts"][number];

/** An alert as Alertmanager sends it, with the changes of a test. */
export function alertOf(name: string, change: Partial<AlertOf> = {}): AlertOf {
  return {
    status: "firing",
    labels: { alertname: name, machine: "pg-01", severity: "warning" },
    annotations: { summary: `${name} on pg-01` },
    startsAt: "2026-01-01T00:00:00.000Z",
    endsAt: "0001-01-01T00:00:00Z",
    fingerprint: name,
    ...change,
  };
}

export function notificationOf(arrivedAt: string, ...alerts: readonly AlertOf[]): Notification {
  return { arrivedAt, version: "4", receiver: "webhook", groupKey: "{}", alerts: [...alerts] };
}
