import * as z from "zod";
import { Labels } from "./samples.ts";
import { ask, bareValueOf, type Server } from "./server.ts";

const AlertmanagerAlert = z
  .object({
    labels: Labels,
    status: z.object({
      /** `suppressed`: nobody is notified, because another alert inhibits it or somebody silenced it. */
      state: z.enum(["unprocessed", "active", "suppressed"]),
      /** Fingerprints of the alerts that inhibit it. */
      inhibitedBy: z.array(z.string()),
      /** Names of silences. */
      silencedBy: z.array(z.string()),
    }),
  })
  .transform(({ labels, status }) => ({ labels, ...status }));
/** An alert that Alertmanager has: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export type AlertmanagerAlert = z.output<typeof AlertmanagerAlert>;

/** An Alertmanager. Rejects with a `PrometheusError`, as `createPrometheus` does. */
export function createAlertmanager(server: Server) {
  return {
    /** Those that are not resolved, suppressed ones included. */
    async alerts(): Promise<readonly AlertmanagerAlert[]> {
      return bareValueOf(await ask(server, "/api/v2/alerts"), z.array(AlertmanagerAlert));
    },
  };
}
