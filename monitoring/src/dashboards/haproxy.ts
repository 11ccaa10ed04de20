import { bad, type DashboardSource, good, lines, machineOf, neutral, states, wideNumber } from "./panels.ts";
import { seriesOfJob } from "./promql.ts";

/** The listener of the statistics page serves Prometheus and people, not users. */
const DATABASE = seriesOfJob("haproxy").with('proxy!="statistics"');
const INGRESS = seriesOfJob("ingress").with('proxy="api"');
const PROCESS = seriesOfJob("haproxy", "ingress");

export const HAPROXY: DashboardSource = {
  description: "The way to the database (5000 primary, 5001 replicas), and the ingress in front of the API's replicas.",
  variables: [machineOf('up{job=~"haproxy|ingress"}')],
  sections: {
    "To the database": [
      states("Status of servers", "Where each listener sends its clients. master: the primary; replicas: all others.", {
        switch: DATABASE.with('state="UP"').values("haproxy_server_status", "max by (proxy, server)"),
        // One of the two database machines is the primary; the other one is out for writers, as it should be.
        states: [neutral("out"), good("up")],
      }),
      wideNumber("Active servers for writers", "Behind port 5000: the primary.", {
        count: DATABASE.with('proxy="master"').values({ primary: "haproxy_backend_active_servers" }, "max"),
        minimums: { critical: 1 },
      }),
      wideNumber("Active servers for readers", "Behind port 5001. Without one, readers go to the primary.", {
        count: DATABASE.with('proxy="replicas"').values({ replicas: "haproxy_backend_active_servers" }, "max"),
        minimums: { warning: 1 },
      }),
      lines("Current sessions", "Connections of clients to the database.", {
        count: DATABASE.values("haproxy_backend_current_sessions", "sum by (proxy)"),
      }),
      lines("New sessions", "Many at once: clients reconnect after a failover.", {
        "1/s": DATABASE.rates("haproxy_frontend_sessions_total", "sum by (proxy)"),
      }),
      lines("Bytes in and out", "From clients to the database, and back.", {
        "bytes/s": DATABASE.rates(
          { in: "haproxy_frontend_bytes_in_total", out: "haproxy_frontend_bytes_out_total" },
          "sum by (proxy)",
        ),
      }),
      lines(
        "Connection errors, retries, redispatches",
        "Connections to a server that failed, were retried, or went to another server.",
        {
          "1/s": DATABASE.rates(
            {
              "connection errors": "haproxy_backend_connection_errors_total",
              retries: "haproxy_backend_retry_warnings_total",
              redispatches: "haproxy_backend_redispatch_warnings_total",
            },
            "sum by (proxy)",
          ),
        },
      ),
      lines(
        "Health checks: failures",
        "In 5 minutes, of servers that were up. Checks that find a server in its usual other role don't count.",
        { count: DATABASE.increases("5m", "haproxy_server_check_failures_total", "sum by (proxy, server)") },
      ),
      lines("Health checks: duration", "How long Patroni took to answer the last one.", {
        seconds: DATABASE.values("haproxy_server_check_duration_seconds", "max by (proxy, server)"),
      }),
    ],
    Ingress: [
      states("Status of servers: the API's replicas", "A replica that is not ready gets no requests.", {
        switch: INGRESS.with('state="UP"').values("haproxy_server_status", "max by (server)"),
        states: [bad("out"), good("up")],
      }),
      wideNumber("Active servers: the API's replicas", "Without one, users get 503.", {
        count: INGRESS.values({ replicas: "haproxy_backend_active_servers" }, "max"),
        minimums: { critical: 1, warning: 2 },
      }),
      wideNumber("HTTP requests", "Of all users together.", {
        "requests/s": INGRESS.rates({ requests: "haproxy_frontend_http_requests_total" }, "sum"),
      }),
      lines("HTTP responses by status class", "What users got. 5xx counts against the availability objective.", {
        "requests/s": INGRESS.rates("haproxy_frontend_http_responses_total", "sum by (code)"),
        isStacked: true,
      }),
      lines("HTTP responses by replica", "Each has its share of the load.", {
        "requests/s": INGRESS.rates("haproxy_server_http_responses_total", "sum by (server)"),
      }),
      lines(
        "Response time, average of the last 1,024",
        "From the request to a replica to the first byte of its answer.",
        { seconds: INGRESS.values("haproxy_server_response_time_average_seconds", "max by (server)") },
      ),
      lines("Errors of connections and responses, retries", "Of the replicas. Reads are retried on another one.", {
        "1/s": INGRESS.rates(
          {
            "connection errors": "haproxy_backend_connection_errors_total",
            "response errors": "haproxy_backend_response_errors_total",
            retries: "haproxy_backend_retry_warnings_total",
          },
          "sum",
        ),
      }),
      lines("Current queue and sessions", "Queued: all connections to the replicas are in use. None is normal.", {
        count: INGRESS.values(
          { queue: "haproxy_backend_current_queue", sessions: "haproxy_backend_current_sessions" },
          "sum",
        ),
      }),
      lines("Bytes in and out, ingress", "From users, and to them.", {
        "bytes/s": INGRESS.rates(
          { in: "haproxy_frontend_bytes_in_total", out: "haproxy_frontend_bytes_out_total" },
          "sum",
        ),
      }),
    ],
    Processes: [
      lines("Connections, of the maximum", "Above it new connections wait.", {
        share: PROCESS.ratio("haproxy_process_current_connections", "haproxy_process_max_connections"),
        limits: { warning: 0.8 },
      }),
      lines("Busy (not idle)", "Share of the time in which HAProxy had something to do.", {
        share: { "{{machine}}": `1 - ${PROCESS.selector("haproxy_process_idle_time_percent")} / 100` },
        limits: { warning: 0.8 },
        max: 1,
      }),
    ],
  },
};
