import type { ReceivedAlert } from "@goldenring/monitoring";
import { columns, oneLine } from "@goldenring/run-kit";
import type { FiringAlert } from "@goldenring/stand";

import { age } from "./status-text.ts";

export interface AlertsReport {
  /** Undefined when Prometheus did not answer. */
  readonly firing: readonly FiringAlert[] | undefined;
  /** Undefined for real machines: their alerts go to the webhook of the inventory. */
  readonly received: readonly ReceivedAlert[] | undefined;
  /** When the watchdog alert arrived last; ISO 8601. */
  readonly heartbeat: string | undefined;
}

/** Firing and received alerts as paragraphs. @param since how far back the received ones go, as the user wrote it */
export function alertsText({ firing, received, heartbeat }: AlertsReport, since: string): string {
  const paragraphs = [
    ...(firing === undefined ? [] : [section("Firing", firingRows(firing))]),
    ...(received === undefined
      ? []
      : [
          section(`Received in the last ${since}`, received.map(row)),
          `Heartbeat  ${heartbeat === undefined ? "none yet" : `${age(heartbeat)} ago`}\n`,
        ]),
  ];
  return paragraphs.join("\n");
}

export function receivedLine(alert: ReceivedAlert): string {
  return row(alert).filter(Boolean).map(oneLine).join("  ");
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  const lines = rows.length === 0 ? ["none"] : columns(rows);
  return [title, ...lines.map((line) => `  ${line}`), ""].join("\n");
}

function firingRows(alerts: readonly FiringAlert[]): string[][] {
  return alerts.map(({ name, severity, machine, delivery, since, summary }) => [
    severity,
    name,
    machine,
    `for ${age(since)}`,
    delivery === "sent" ? "" : delivery,
    summary,
  ]);
}

function row({ name, status, labels, annotations, arrivedAt, delayMs }: ReceivedAlert): string[] {
  return [
    new Date(arrivedAt).toTimeString().slice(0, 8),
    status,
    labels.severity ?? "",
    name,
    labels.machine ?? "",
    `after ${(delayMs / 1_000).toFixed(1)} s`,
    status === "firing" ? (annotations.summary ?? "") : "",
  ];
}
