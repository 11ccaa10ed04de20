import { type DashboardSource, lines, machineOf, states } from "./panels.ts";
import { seriesOfJob } from "./promql.ts";

const HTTP = seriesOfJob("probe_http");
const SLOW = seriesOfJob("probe_slow");
const TLS = seriesOfJob("probe_tls");
const ALL = seriesOfJob("probe_http", "probe_slow", "probe_tcp");
const DAY_S = 86_400;

export const PROBES: DashboardSource = {
  description:
    "The stand as its clients see it: blackbox_exporter asks the ingress, each replica and the database's ports.",
  variables: [machineOf('up{job=~"probe_.+"}')],
  sections: {
    Success: [
      states(
        "Success of probes",
        "GET /Cities must be answered with 200, the database's ports must accept a connection.",
        { switch: seriesOfJob("probe_http", "probe_tcp").values({ "{{target}}": "probe_success" }) },
      ),
      lines("HTTP response status code", "200 is right. 0: there was no answer.", {
        switch: HTTP.values({ "{{target}}": "probe_http_status_code" }),
      }),
      lines("Success, share of the last hour", "Of the probes of each target.", {
        share: { "{{target}} ({{job}})": `avg_over_time(${ALL.selector("probe_success")}[1h])` },
        max: 1,
      }),
      lines("Certificates: time until expiry", "The playbook renews them in their last 30 days.", {
        age: { "{{machine}}": `${TLS.selector("probe_ssl_earliest_cert_expiry")} - time()` },
        minimums: { critical: 2 * DAY_S, warning: 21 * DAY_S },
        mayBeNegative: true,
      }),
    ],
    Duration: [
      lines("Duration of GET /Cities", "An alert fires when it stays above the line.", {
        seconds: HTTP.values({ "{{target}}": "probe_duration_seconds" }),
        limits: { warning: 1 },
      }),
      lines("Duration of GET /WeatherForecast, the largest answer", "The probe times out after 5 s.", {
        seconds: SLOW.values({ "{{target}}": "probe_duration_seconds" }),
        limits: { warning: 2.5, critical: 5 },
      }),
      lines(
        "Duration by phase of the HTTP request",
        "GET /Cities, on average over the targets. processing: the work of the API; transfer: of the answer.",
        { seconds: HTTP.values("probe_http_duration_seconds", "avg by (phase)"), isStacked: true },
      ),
      lines(
        "Duration of a connection to the database's ports",
        "Through HAProxy: 5000 for the primary, 5001 for replicas.",
        { seconds: seriesOfJob("probe_tcp").values({ "{{target}}": "probe_duration_seconds" }) },
      ),
      lines("Length of the answers, uncompressed", "It grows with the data; a sudden fall is an error page.", {
        bytes: {
          "{{target}} /Cities": HTTP.selector("probe_http_uncompressed_body_length"),
          "{{target}} /WeatherForecast": SLOW.selector("probe_http_uncompressed_body_length"),
        },
      }),
    ],
  },
};
