import { type Dashboard, lines, number } from "./panels.ts";
import { quantile, rate } from "./promql.ts";
import { machineOf } from "./variables.ts";

const ALERTMANAGER = 'job="alertmanager", machine=~"$machine"';

export const ALERTMANAGER_DASHBOARD: Dashboard = {
  name: "alertmanager",
  title: "Alerts and Alertmanager",
  description: "Which alerts fire, and whether somebody hears of them.",
  variables: [machineOf("alertmanager")],
  sections: [
    {
      title: "Alerts",
      panels: [
        lines({
          title: "Firing alerts",
          description: "Watchdog always fires: that it does shows that alerts are evaluated.",
          measures: ["ALERTS"],
          queries: { "{{alertname}} ({{severity}})": 'sum by (alertname, severity) (ALERTS{alertstate="firing"})' },
          unit: "count",
          width: 16,
        }),
        number({
          title: "Active alerts",
          description: "Those that Alertmanager tells somebody about.",
          measures: ["alertmanager_alerts"],
          queries: { active: `sum(alertmanager_alerts{${ALERTMANAGER}, state="active"})` },
          unit: "count",
        }),
        number({
          title: "Suppressed alerts",
          description: "Silenced by somebody, or by another alert that explains them.",
          measures: ["alertmanager_alerts"],
          queries: { suppressed: `sum(alertmanager_alerts{${ALERTMANAGER}, state="suppressed"})` },
          unit: "count",
        }),
        lines({
          title: "Alerts received by Alertmanager",
          description: "Prometheus repeats each firing alert about once a minute.",
          measures: ["alertmanager_alerts_received_total"],
          queries: { "{{status}}": `sum by (status) (${rate("alertmanager_alerts_received_total", ALERTMANAGER)})` },
          unit: "1/s",
        }),
        lines({
          title: "Silences by state",
          description: "Made by people.",
          measures: ["alertmanager_silences"],
          queries: { "{{state}}": `sum by (state) (alertmanager_silences{${ALERTMANAGER}})` },
          unit: "count",
        }),
      ],
    },
    {
      title: "Delivery",
      panels: [
        lines({
          title: "Notifications",
          description: "Those of the Watchdog come once a minute.",
          measures: ["alertmanager_notifications_total"],
          queries: {
            "{{integration}}, in 5 minutes": `sum by (integration) (increase(alertmanager_notifications_total{${ALERTMANAGER}}[5m]))`,
          },
          unit: "count",
        }),
        lines({
          title: "Failed notifications",
          description: "They did not reach the receiver, after all attempts.",
          measures: ["alertmanager_notifications_failed_total"],
          queries: {
            "{{integration}}: {{reason}}": `sum by (integration, reason) (increase(alertmanager_notifications_failed_total{${ALERTMANAGER}}[5m]))`,
          },
          unit: "count",
          limits: [{ from: 1, severity: "warning" }],
        }),
        lines({
          title: "Latency of notifications, slowest 5 %",
          description: "How long the receiver takes to accept one.",
          measures: ["alertmanager_notification_latency_seconds_bucket"],
          queries: {
            "{{integration}}": quantile(
              0.95,
              "alertmanager_notification_latency_seconds",
              ALERTMANAGER,
              ["integration"],
              "10m",
            ),
          },
          unit: "seconds",
        }),
        lines({
          title: "Suppressed notifications",
          description: "In 5 minutes. A dead machine's other alerts are suppressed by the one that says so.",
          measures: ["alertmanager_notifications_suppressed_total"],
          queries: {
            "{{reason}}": `sum by (reason) (increase(alertmanager_notifications_suppressed_total{${ALERTMANAGER}}[5m]))`,
          },
          unit: "count",
        }),
        lines({
          title: "Alerts sent by Prometheus, errors, dropped",
          description: "On the way to Alertmanager. Errors and dropped ones: none is normal.",
          measures: [
            "prometheus_notifications_dropped_total",
            "prometheus_notifications_errors_total",
            "prometheus_notifications_sent_total",
          ],
          queries: {
            sent: `sum(${rate("prometheus_notifications_sent_total", 'job="prometheus"')})`,
            errors: `sum(${rate("prometheus_notifications_errors_total", 'job="prometheus"')})`,
            dropped: `sum(${rate("prometheus_notifications_dropped_total", 'job="prometheus"')})`,
          },
          unit: "1/s",
        }),
        lines({
          title: "Queue of alerts to be sent",
          description: "Notifications that Prometheus has not handed over yet, of the capacity of its queue.",
          measures: ["prometheus_notifications_queue_capacity", "prometheus_notifications_queue_length"],
          queries: {
            "{{machine}}":
              'prometheus_notifications_queue_length{job="prometheus"} / prometheus_notifications_queue_capacity{job="prometheus"}',
          },
          unit: "share",
          limits: [{ from: 0.8, severity: "warning" }],
        }),
      ],
    },
  ],
};
