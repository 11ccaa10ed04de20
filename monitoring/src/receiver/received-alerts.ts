import { WATCHDOG } from "@goldenring/stand";
import type { Notification } from "./notification.ts";

/** The first notification of a change of one alert: that it fires, or that it is resolved. */
export interface ReceivedAlert {
  readonly name: string;
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** When it fired: after the time that its rule waits (`for`). ISO 8601, as all times here. */
  readonly startsAt: string;
  /** Of a resolved one: when its expression stopped to hold. */
  readonly endsAt: string | undefined;
  readonly arrivedAt: string;
  /** From the change in Prometheus to the arrival, ms, by the clocks of two machines. */
  readonly delayMs: number;
}

/**
 * The changes in the order of their arrival, without the dead man's switch. Alertmanager repeats an alert that still fires, alone and
 * with its group: only the first notification counts.
 */
export function receivedAlerts(notifications: readonly Notification[]): readonly ReceivedAlert[] {
  const known = new Set<string>();
  return notifications.flatMap(({ arrivedAt, alerts }) =>
    alerts.flatMap(({ status, labels, annotations, startsAt, endsAt, fingerprint }) => {
      const key = `${fingerprint} ${status} ${startsAt}`;
      if (known.has(key) || labels.alertname === WATCHDOG) return [];
      known.add(key);
      const changedAt = status === "firing" ? startsAt : endsAt;
      return [
        {
          name: labels.alertname ?? "",
          status,
          labels,
          annotations,
          startsAt,
          endsAt: status === "resolved" ? endsAt : undefined,
          arrivedAt,
          delayMs: Date.parse(arrivedAt) - Date.parse(changedAt),
        },
      ];
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
