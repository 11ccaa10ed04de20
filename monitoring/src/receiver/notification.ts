import * as z from "zod";

const labels = z.record(z.string(), z.string());

/**
 * What Alertmanager sends to a webhook, as far as it is kept:
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export const WebhookMessage = z.object({
  version: z.literal("4", "version 4 of Alertmanager's webhook messages is expected"),
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

/** One notification as it stands in the log of alerts: one line of JSON each. */
export const Notification = WebhookMessage.extend({
  /** When it had arrived as a whole; ISO 8601, UTC. */
  arrivedAt: z.string(),
});
export type Notification = z.infer<typeof Notification>;
