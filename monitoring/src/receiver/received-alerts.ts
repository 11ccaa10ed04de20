import { WATCHDOG } from "@goldenring/stand";
import type { Notification } from "./notification.ts";

/** The first word of a change of one alert: that it fires, or that it is over. */
export interface ReceivedAlert {
  readonly name: string;
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** When it fired: what its rule waits (`for`) was over by then. ISO 8601, as all times here. */
  readonly startsAt: string;
  /** Of a resolved one: when its rule did not hold any more. */
  readonly endsAt: string | undefined;
  readonly arrivedAt: string;
  /** From the change in Prometheus to the arrival, ms. Both clocks count. */
  readonly delayMs: number;
}

/**
 * The changes that were told, in the order in which they arrived. Alertmanager repeats an alert that goes on, alone and with others of
 * its group: only the first time counts. Without the dead man's switch.
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

/** When the dead man's switch was heard last; undefined: never. ISO 8601. */
export function lastHeartbeat(notifications: readonly Notification[]): string | undefined {
  return notifications.findLast(({ alerts }) =>
    alerts.some(({ status, labels }) => labels.alertname === WATCHDOG && status === "firing"),
  )?.arrivedAt;
}
