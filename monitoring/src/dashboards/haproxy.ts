import type { Variable } from "./panels.ts";
import { type Dashboard, lines, number, type State, states } from "./panels.ts";
import { rate } from "./promql.ts";

/** The listener of the statistics page serves Prometheus and people: no users. */
const DATABASE = 'job="haproxy", machine=~"$machine", proxy!="statistics"';
const INGRESS = 'job="ingress", machine=~"$machine", proxy="api"';
const PROCESS = 'job=~"haproxy|ingress", machine=~"$machine"';

const MACHINE: Variable = { name: "machine", title: "Machine", label: "machine", of: 'up{job=~"haproxy|ingress"}' };

/** Of the two database machines one is the primary: that the other is out for writers is as it should be. */
const OUT_OR_UP: readonly State[] = [
  { value: 0, text: "out", mood: "neutral" },
  { value: 1, text: "up", mood: "good" },
];

const sumBy = (labels: string, counter: string, matchers: string): string =>
  `sum by (${labels}) (${rate(counter, matchers)})`;

export const HAPROXY: Dashboard = {
  name: "haproxy",
  title: "HAProxy",
  description: "The way to the database (5000 primary, 5001 replicas) and the ingress before the API's replicas.",
  variables: [MACHINE],
  sections: [
    {
      title: "To the database",
      panels: [
        states({
          title: "Status of servers",
          description: "Which server each listener sends its clients to. master: the primary; replicas: all others.",
          measures: ["haproxy_server_status"],
          queries: {
            "{{proxy}} {{server}}": `max by (proxy, server) (haproxy_server_status{${DATABASE}, state="UP"})`,
          },
          unit: "switch",
          states: OUT_OR_UP,
        }),
        number({
          title: "Active servers for writers",
          description: "Behind port 5000: the primary.",
          measures: ["haproxy_backend_active_servers"],
          queries: { primary: `max(haproxy_backend_active_servers{${DATABASE}, proxy="master"})` },
          unit: "count",
          limits: [{ from: 1, severity: "critical" }],
          limitsAreLower: true,
          width: 6,
        }),
        number({
          title: "Active servers for readers",
          description: "Behind port 5001. Without one, readers go to the primary.",
          measures: ["haproxy_backend_active_servers"],
          queries: { replicas: `max(haproxy_backend_active_servers{${DATABASE}, proxy="replicas"})` },
          unit: "count",
          limits: [{ from: 1, severity: "warning" }],
          limitsAreLower: true,
          width: 6,
        }),
        lines({
          title: "Current sessions",
          description: "Connections of clients to the database.",
          measures: ["haproxy_backend_current_sessions"],
          queries: { "{{proxy}}": `sum by (proxy) (haproxy_backend_current_sessions{${DATABASE}})` },
          unit: "count",
        }),
        lines({
          title: "New sessions",
          description: "Many at once: clients connect anew, after a failover.",
          measures: ["haproxy_frontend_sessions_total"],
          queries: { "{{proxy}}": sumBy("proxy", "haproxy_frontend_sessions_total", DATABASE) },
          unit: "1/s",
        }),
        lines({
          title: "Bytes in and out",
          description: "From clients to the database, and back.",
          measures: ["haproxy_frontend_bytes_in_total", "haproxy_frontend_bytes_out_total"],
          queries: {
            "{{proxy}} in": sumBy("proxy", "haproxy_frontend_bytes_in_total", DATABASE),
            "{{proxy}} out": sumBy("proxy", "haproxy_frontend_bytes_out_total", DATABASE),
          },
          unit: "bytes/s",
        }),
        lines({
          title: "Connection errors, retries, redispatches",
          description: "Connections to a server that could not be made, were tried again, or on another server.",
          measures: [
            "haproxy_backend_connection_errors_total",
            "haproxy_backend_redispatch_warnings_total",
            "haproxy_backend_retry_warnings_total",
          ],
          queries: {
            "{{proxy}} connection errors": sumBy("proxy", "haproxy_backend_connection_errors_total", DATABASE),
            "{{proxy}} retries": sumBy("proxy", "haproxy_backend_retry_warnings_total", DATABASE),
            "{{proxy}} redispatches": sumBy("proxy", "haproxy_backend_redispatch_warnings_total", DATABASE),
          },
          unit: "1/s",
        }),
        lines({
          title: "Health checks: failures",
          description:
            "In 5 minutes, of servers that were up. Checks that find a server in its usual other role don't count.",
          measures: ["haproxy_server_check_failures_total"],
          queries: {
            "{{proxy}} {{server}}": `sum by (proxy, server) (increase(haproxy_server_check_failures_total{${DATABASE}}[5m]))`,
          },
          unit: "count",
        }),
        lines({
          title: "Health checks: duration",
          description: "How long Patroni took to answer the last one.",
          measures: ["haproxy_server_check_duration_seconds"],
          queries: {
            "{{proxy}} {{server}}": `max by (proxy, server) (haproxy_server_check_duration_seconds{${DATABASE}})`,
          },
          unit: "seconds",
        }),
      ],
    },
    {
      title: "Ingress",
      panels: [
        states({
          title: "Status of servers: the API's replicas",
          description: "A replica that is not ready is left out.",
          measures: ["haproxy_server_status"],
          queries: { "{{server}}": `max by (server) (haproxy_server_status{${INGRESS}, state="UP"})` },
          unit: "switch",
          states: [
            { value: 0, text: "out", mood: "bad" },
            { value: 1, text: "up", mood: "good" },
          ],
        }),
        number({
          title: "Active servers: the API's replicas",
          description: "Without one, users get 503.",
          measures: ["haproxy_backend_active_servers"],
          queries: { replicas: `max(haproxy_backend_active_servers{${INGRESS}})` },
          unit: "count",
          limits: [
            { from: 1, severity: "critical" },
            { from: 2, severity: "warning" },
          ],
          limitsAreLower: true,
          width: 6,
        }),
        number({
          title: "HTTP requests",
          description: "Of all users together.",
          measures: ["haproxy_frontend_http_requests_total"],
          queries: { requests: `sum(${rate("haproxy_frontend_http_requests_total", INGRESS)})` },
          unit: "requests/s",
          width: 6,
        }),
        lines({
          title: "HTTP responses by status class",
          description: "What users got. 5xx counts against the promised availability.",
          measures: ["haproxy_frontend_http_responses_total"],
          queries: { "{{code}}": sumBy("code", "haproxy_frontend_http_responses_total", INGRESS) },
          unit: "requests/s",
          isStacked: true,
        }),
        lines({
          title: "HTTP responses by replica",
          description: "Each has its share of the load.",
          measures: ["haproxy_server_http_responses_total"],
          queries: { "{{server}}": sumBy("server", "haproxy_server_http_responses_total", INGRESS) },
          unit: "requests/s",
        }),
        lines({
          title: "Response time, average of the last 1,024",
          description: "From the request handed to a replica to the first byte of its answer.",
          measures: ["haproxy_server_response_time_average_seconds"],
          queries: { "{{server}}": `max by (server) (haproxy_server_response_time_average_seconds{${INGRESS}})` },
          unit: "seconds",
        }),
        lines({
          title: "Errors of connections and responses, retries",
          description: "What a replica failed to do. Reads are tried again on another one.",
          measures: [
            "haproxy_backend_connection_errors_total",
            "haproxy_backend_response_errors_total",
            "haproxy_backend_retry_warnings_total",
          ],
          queries: {
            "connection errors": `sum(${rate("haproxy_backend_connection_errors_total", INGRESS)})`,
            "response errors": `sum(${rate("haproxy_backend_response_errors_total", INGRESS)})`,
            retries: `sum(${rate("haproxy_backend_retry_warnings_total", INGRESS)})`,
          },
          unit: "1/s",
        }),
        lines({
          title: "Current queue and sessions",
          description: "Requests that wait for a replica: its connections are used up. None is normal.",
          measures: ["haproxy_backend_current_queue", "haproxy_backend_current_sessions"],
          queries: {
            queue: `sum(haproxy_backend_current_queue{${INGRESS}})`,
            sessions: `sum(haproxy_backend_current_sessions{${INGRESS}})`,
          },
          unit: "count",
        }),
        lines({
          title: "Bytes in and out, ingress",
          description: "From users, and to them.",
          measures: ["haproxy_frontend_bytes_in_total", "haproxy_frontend_bytes_out_total"],
          queries: {
            in: `sum(${rate("haproxy_frontend_bytes_in_total", INGRESS)})`,
            out: `sum(${rate("haproxy_frontend_bytes_out_total", INGRESS)})`,
          },
          unit: "bytes/s",
        }),
      ],
    },
    {
      title: "Processes",
      panels: [
        lines({
          title: "Connections, of the maximum",
          description: "Beyond it new connections wait.",
          measures: ["haproxy_process_current_connections", "haproxy_process_max_connections"],
          queries: {
            "{{machine}}": `haproxy_process_current_connections{${PROCESS}} / haproxy_process_max_connections{${PROCESS}}`,
          },
          unit: "share",
          limits: [{ from: 0.8, severity: "warning" }],
        }),
        lines({
          title: "Busy (not idle)",
          description: "Share of the time in which HAProxy had something to do.",
          measures: ["haproxy_process_idle_time_percent"],
          queries: { "{{machine}}": `1 - haproxy_process_idle_time_percent{${PROCESS}} / 100` },
          unit: "share",
          limits: [{ from: 0.8, severity: "warning" }],
          max: 1,
        }),
      ],
    },
  ],
};
