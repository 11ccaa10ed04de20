import * as z from "zod";
import { bareValueOf } from "./answer.ts";
import type { Labels } from "./samples.ts";
import { ask, type Server } from "./server.ts";

/** An alert that Alertmanager has, whether it tells somebody or not. */
export interface AlertmanagerAlert {
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** When it fired: its `for` was over by then. ISO 8601, as all times here. */
  readonly startsAt: string;
  readonly endsAt: string;
  /** `suppressed`: nobody is told, because another alert inhibits it or somebody silenced it. */
  readonly state: "unprocessed" | "active" | "suppressed";
  /** Fingerprints of the alerts that inhibit it. */
  readonly inhibitedBy: readonly string[];
  /** Names of silences. */
  readonly silencedBy: readonly string[];
  readonly fingerprint: string;
}

/** An Alertmanager. Rejects with a `PrometheusError`, as `Prometheus` does. */
export interface Alertmanager {
  /** Those that are not resolved, suppressed ones included. */
  alerts(): Promise<readonly AlertmanagerAlert[]>;
}

const labels = z.record(z.string(), z.string());

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
const Alerts = z
  .array(
    z.object({
      labels,
      annotations: labels,
      startsAt: z.string(),
      endsAt: z.string(),
      fingerprint: z.string(),
      status: z.object({
        state: z.enum(["unprocessed", "active", "suppressed"]),
        inhibitedBy: z.array(z.string()),
        silencedBy: z.array(z.string()),
      }),
    }),
  )
  .transform((alerts): readonly AlertmanagerAlert[] =>
    alerts.map(({ labels, annotations, startsAt, endsAt, fingerprint, status }) => ({
      name: labels.alertname ?? "",
      labels,
      annotations,
      startsAt,
      endsAt,
      ...status,
      fingerprint,
    })),
  );

export function createAlertmanager(server: Server): Alertmanager {
  return {
    alerts: async () => bareValueOf(await ask(server, "/api/v2/alerts"), Alerts),
  };
}
