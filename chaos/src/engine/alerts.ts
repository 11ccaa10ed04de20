import type { RecordedAlert, StageRecord } from "../run/record.ts";

/** An alert as whoever receives them tells it. */
export interface ReceivedAlert {
  readonly name: string;
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly arrivedAt: string;
}

/** The alerts that arrived since then. @param since ms since 1970 */
export type AlertsSince = (since: number) => readonly ReceivedAlert[];

/** @param startedAt beginning of the round, ms since 1970 */
export function recordedAlerts(
  alerts: readonly ReceivedAlert[],
  startedAt: number,
  stages: readonly StageRecord[],
): RecordedAlert[] {
  return alerts.map(({ name, status, labels, arrivedAt }) => {
    const at = Date.parse(arrivedAt) - startedAt;
    const stage = stages.findLast(({ from }) => from <= at);
    return {
      name,
      status,
      machine: labels.machine ?? "",
      severity: labels.severity ?? "",
      at,
      delay: at - (stage?.from ?? 0),
      stage: stage?.name ?? "",
    };
  });
}
