import { type Dashboard, lines, states, UP_OR_DOWN, type Variable } from "./panels.ts";

const MACHINE: Variable = { name: "machine", title: "Machine", label: "machine", of: 'up{job=~"probe_.+"}' };
const HTTP = 'job="probe_http", machine=~"$machine"';
const SLOW = 'job="probe_slow", machine=~"$machine"';
const DAY = 86_400;

export const PROBES: Dashboard = {
  name: "probes",
  title: "Probes",
  description:
    "The stand as seen from outside its programs: blackbox_exporter asks the ingress, each replica and the database's ports.",
  variables: [MACHINE],
  sections: [
    {
      title: "Success",
      panels: [
        states({
          title: "Success of probes",
          description: "GET /Cities must be answered with 200, the database's ports must accept a connection.",
          measures: ["probe_success"],
          queries: { "{{target}}": 'probe_success{job=~"probe_http|probe_tcp", machine=~"$machine"}' },
          unit: "switch",
          states: UP_OR_DOWN,
        }),
        lines({
          title: "HTTP response status code",
          description: "200 is right. 0: there was no answer.",
          measures: ["probe_http_status_code"],
          queries: { "{{target}}": `probe_http_status_code{${HTTP}}` },
          unit: "switch",
        }),
        lines({
          title: "Success, share of the last hour",
          description: "Of the probes of each target.",
          measures: ["probe_success"],
          queries: {
            "{{target}} ({{job}})":
              'avg_over_time(probe_success{job=~"probe_http|probe_slow|probe_tcp", machine=~"$machine"}[1h])',
          },
          unit: "share",
          max: 1,
        }),
        lines({
          title: "Certificates: time until expiry",
          description: "The playbook issues them anew from 30 days before their end.",
          measures: ["probe_ssl_earliest_cert_expiry"],
          queries: { "{{machine}}": 'probe_ssl_earliest_cert_expiry{job="probe_tls", machine=~"$machine"} - time()' },
          unit: "age",
          limits: [
            { from: 2 * DAY, severity: "critical" },
            { from: 21 * DAY, severity: "warning" },
          ],
          limitsAreLower: true,
          mayBeNegative: true,
        }),
      ],
    },
    {
      title: "Duration",
      panels: [
        lines({
          title: "Duration of GET /Cities",
          description: "An alert fires when it stays above the line.",
          measures: ["probe_duration_seconds"],
          queries: { "{{target}}": `probe_duration_seconds{${HTTP}}` },
          unit: "seconds",
          limits: [{ from: 1, severity: "warning" }],
        }),
        lines({
          title: "Duration of GET /WeatherForecast, the largest answer",
          description: "Given up after 5 s.",
          measures: ["probe_duration_seconds"],
          queries: { "{{target}}": `probe_duration_seconds{${SLOW}}` },
          unit: "seconds",
          limits: [
            { from: 2.5, severity: "warning" },
            { from: 5, severity: "critical" },
          ],
        }),
        lines({
          title: "Duration by phase of the HTTP request",
          description:
            "GET /Cities, on average over the targets: connecting, the work of the API (processing), the transfer of the answer.",
          measures: ["probe_http_duration_seconds"],
          queries: { "{{phase}}": `avg by (phase) (probe_http_duration_seconds{${HTTP}})` },
          unit: "seconds",
          isStacked: true,
        }),
        lines({
          title: "Duration of a connection to the database's ports",
          description: "Through HAProxy: 5000 for the primary, 5001 for replicas.",
          measures: ["probe_duration_seconds"],
          queries: { "{{target}}": 'probe_duration_seconds{job="probe_tcp", machine=~"$machine"}' },
          unit: "seconds",
        }),
        lines({
          title: "Length of the answers, uncompressed",
          description: "It grows with the data; a sudden fall is an error page.",
          measures: ["probe_http_uncompressed_body_length"],
          queries: {
            "{{target}} /Cities": `probe_http_uncompressed_body_length{${HTTP}}`,
            "{{target}} /WeatherForecast": `probe_http_uncompressed_body_length{${SLOW}}`,
          },
          unit: "bytes",
        }),
      ],
    },
  ],
};
