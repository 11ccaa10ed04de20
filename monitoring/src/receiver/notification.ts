import * as z from "zod";

const labels = z.record(z.string(), z.string());

/**
 * The part of Alertmanager's webhook messages that is kept:
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
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
