import { type DashboardSource, lines, machineOf, number } from "./panels.ts";
import { Series, seriesOfJob } from "./promql.ts";

const ALERTMANAGER = seriesOfJob("alertmanager");
const SENDER = new Series('job="prometheus"');

export const ALERTMANAGER_DASHBOARD: DashboardSource = {
  description: "Which alerts fire, and whether their notifications arrive.",
  variables: [machineOf('up{job="alertmanager"}')],
  sections: {
    Alerts: [
      lines("Firing alerts", "Watchdog always fires: it shows that alerts are evaluated.", {
        count: new Series('alertstate="firing"').values(
          { "{{alertname}} ({{severity}})": "ALERTS" },
          "sum by (alertname, severity)",
        ),
        width: 16,
      }),
      number("Active alerts", "Those that Alertmanager sends notifications of.", {
        count: ALERTMANAGER.with('state="active"').values({ active: "alertmanager_alerts" }, "sum"),
      }),
      number("Suppressed alerts", "Silenced by a person, or inhibited by another alert that explains them.", {
        count: ALERTMANAGER.with('state="suppressed"').values({ suppressed: "alertmanager_alerts" }, "sum"),
      }),
      lines("Alerts received by Alertmanager", "Prometheus repeats each firing alert about once a minute.", {
        "1/s": ALERTMANAGER.rates("alertmanager_alerts_received_total", "sum by (status)"),
      }),
      lines("Silences by state", "Made by people.", {
        count: ALERTMANAGER.values("alertmanager_silences", "sum by (state)"),
      }),
    ],
    Delivery: [
      lines("Notifications", "Those of the Watchdog come once a minute.", {
        count: ALERTMANAGER.increases(
          "5m",
          { "{{integration}}, in 5 minutes": "alertmanager_notifications_total" },
          "sum by (integration)",
        ),
      }),
      lines("Failed notifications", "They did not reach the receiver, after all attempts.", {
        count: ALERTMANAGER.increases(
          "5m",
          { "{{integration}}: {{reason}}": "alertmanager_notifications_failed_total" },
          "sum by (integration, reason)",
        ),
        limits: { warning: 1 },
      }),
      lines("Latency of notifications, slowest 5 %", "How long the receiver takes to accept one.", {
        seconds: ALERTMANAGER.quantiles("alertmanager_notification_latency_seconds", [0.95], ["integration"], "10m"),
      }),
      lines(
        "Suppressed notifications",
        "In 5 minutes. The alert MachineDown suppresses the other alerts of its machine.",
        { count: ALERTMANAGER.increases("5m", "alertmanager_notifications_suppressed_total", "sum by (reason)") },
      ),
      lines(
        "Alerts sent by Prometheus, errors, dropped",
        "On the way to Alertmanager. No errors and no dropped alerts are normal.",
        {
          "1/s": SENDER.rates(
            {
              sent: "prometheus_notifications_sent_total",
              errors: "prometheus_notifications_errors_total",
              dropped: "prometheus_notifications_dropped_total",
            },
            "sum",
          ),
        },
      ),
      lines("Queue of alerts to be sent", "Share of the queue that is filled with alerts for Alertmanager.", {
        share: SENDER.ratio("prometheus_notifications_queue_length", "prometheus_notifications_queue_capacity"),
        limits: { warning: 0.8 },
      }),
    ],
  },
};
