import { OBJECTIVES } from "@goldenring/stand";
import { bad, type DashboardSource, good, type Limits, lines, machineOf, states, wideNumber } from "./panels.ts";
import { Series, seriesOfJob } from "./promql.ts";

const REPLICA = seriesOfJob("api");
/** Health checks and scrapes are not requests of users. */
const USERS = REPLICA.with('route!~"/healthz/.+|/metrics"');
const GOOD = USERS.with('status=~"[23].."');
const BAD = USERS.with('status=~"[45].."');
const FAILED = USERS.with('status=~"5.."');

/** Observers that the chosen machines do not narrow down. */
const INGRESS = new Series('job="ingress", proxy="api"');
const HAPROXY = new Series('job="haproxy", proxy="master"');
const NODE = new Series('job="node"');

const DURATION = "http_request_duration_seconds";
const REQUESTS = `${DURATION}_count`;

const OBJECTIVES_S: Limits = { warning: OBJECTIVES.p90Ms / 1_000, critical: OBJECTIVES.p95Ms / 1_000 };

export const GOLDEN_SIGNALS: DashboardSource = {
  description: "Latency, traffic, errors and saturation of the Weather API's replicas.",
  variables: [machineOf('up{job="api"}')],
  sections: {
    "What users feel, observer by observer": [
      states("Success of the probe through the ingress", "Prometheus' machine asks GET /Cities as a user does.", {
        switch: new Series('job="probe_http", target="ingress"').values({ "{{target}}": "probe_success" }),
      }),
      lines("HTTP responses with 5xx at the ingress", "What users got. None is normal.", {
        "requests/s": INGRESS.with('code="5xx"').rates("haproxy_frontend_http_responses_total"),
      }),
      lines(
        "Write wait at each replica",
        "How long the primary has answered no write. A failover takes some seconds.",
        {
          seconds: REPLICA.values("weather_write_wait_seconds"),
          limits: { critical: 8 },
        },
      ),
      states("Primary reachable", "Whether the last change query of a replica reached a primary.", {
        switch: REPLICA.values("weather_primary_reachable"),
        states: [bad("unreachable"), good("reachable")],
      }),
      lines("Active servers of HAProxy's backend for the primary", "One; none while nobody leads.", {
        count: HAPROXY.values("haproxy_backend_active_servers"),
      }),
      lines("Replication lag, as the standby sees it", "It grows while the standby hears nothing of a busy primary.", {
        seconds: new Series('job="postgres"').values("pg_replication_lag_seconds"),
        limits: { warning: 10 },
      }),
      states("PostgreSQL connects", "Whether it lets in a new connection on its own machine.", {
        switch: NODE.values("goldenring_postgresql_connects"),
        states: [bad("refuses"), good("connects")],
      }),
      lines("Disk write on the database machines", "How long a small write takes. No value: it has not ended.", {
        seconds: NODE.values("goldenring_disk_write_seconds"),
      }),
      states("Guardian advises", "It finds a machine sick, and may not act on it.", {
        switch: NODE.values({ "{{watched}}": "goldenring_guardian_advises" }),
        states: [good("well"), bad("sick")],
      }),
    ],
    Latency: [
      ...(
        [
          [0.9, OBJECTIVES.p90Ms],
          [0.95, OBJECTIVES.p95Ms],
        ] as const
      ).map(([share, objectiveMs]) =>
        wideNumber(`Request duration, ${share * 100} % of good answers`, `Objective: at most ${objectiveMs} ms.`, {
          seconds: GOOD.quantiles(DURATION, [share]),
          limits: { critical: objectiveMs / 1_000 },
        }),
      ),
      wideNumber("Requests", "Of all users together.", { "requests/s": USERS.rates({ requests: REQUESTS }, "sum") }),
      wideNumber("Share of requests answered with 5xx", `Objective: at most ${OBJECTIVES.errorShare * 100} %.`, {
        share: { "5xx": `(sum(${FAILED.rate(REQUESTS)}) or vector(0)) / sum(${USERS.rate(REQUESTS)})` },
        limits: { critical: OBJECTIVES.errorShare },
      }),
      lines(
        "Request duration of good answers (2xx, 3xx)",
        `The lines are the objectives: ${OBJECTIVES.p90Ms} ms for 90 %, ${OBJECTIVES.p95Ms} ms for 95 %.`,
        { seconds: GOOD.quantiles(DURATION, [0.5, 0.9, 0.95, 0.99]), limits: OBJECTIVES_S },
      ),
      lines(
        "Request duration of bad answers (4xx, 5xx)",
        "Separate, because errors are fast or very slow and would hide how long good answers take.",
        { seconds: BAD.quantiles(DURATION, [0.5, 0.95], [], "5m") },
      ),
      lines("Request duration by route, 95 % of good answers", "Which path is slow.", {
        seconds: GOOD.quantiles(DURATION, [0.95], ["method", "route"]),
        limits: OBJECTIVES_S,
      }),
      lines("Request duration by replica, 95 % of good answers", "Whether one replica is slower than the others.", {
        seconds: GOOD.quantiles(DURATION, [0.95], ["machine"]),
        limits: OBJECTIVES_S,
      }),
    ],
    Traffic: [
      lines("Requests by route", "Which paths users ask for.", {
        "requests/s": USERS.rates(REQUESTS, "sum by (method, route)"),
        isStacked: true,
      }),
      lines("Requests by replica", "The ingress gives each its share.", {
        "requests/s": USERS.rates(REQUESTS, "sum by (machine)"),
      }),
      lines(
        "Writes by kind and outcome",
        "done: committed. refused: the data were wrong. unconfirmed: not known to be committed in time.",
        { "1/s": REPLICA.rates("weather_writes_total", "sum by (kind, outcome)") },
      ),
      lines(
        "Reads confirmed by the barrier, and change queries",
        "Reads that wait at the same time share one query to the primary.",
        {
          "1/s": REPLICA.rates(
            { reads: "weather_barrier_reads_total", "change queries": "weather_barrier_seconds_count" },
            "sum",
          ),
        },
      ),
    ],
    "Errors and stale answers": [
      lines(
        "Requests answered badly (4xx, 5xx), by status",
        "4xx: the request was wrong. 5xx counts against the availability objective.",
        { "requests/s": BAD.rates(REQUESTS, "sum by (status)"), isStacked: true },
      ),
      lines("Stale answers", "Reads answered from memory without a primary, and marked stale. None is normal.", {
        "requests/s": REPLICA.rates("weather_stale_answers_total"),
      }),
      lines("Age of the read model", "Since the primary confirmed it last. It grows while nobody reads.", {
        seconds: REPLICA.values("weather_model_age_seconds"),
      }),
      lines("Change queries that failed", "Failures of the barrier: the primary was unreachable, silent or replaced.", {
        "1/s": REPLICA.rates("weather_barrier_failures_total"),
      }),
      lines("Write retries", "Writes sent again because their outcome was unknown.", {
        "1/s": REPLICA.rates("weather_write_retries_total", "sum by (machine, kind)"),
      }),
    ],
    Saturation: [
      lines("CPU of each replica", "Cores; the limit is what a replica may use.", {
        count: { ...REPLICA.rates("process_cpu_seconds_total"), limit: "goldenring_replica_cpu_cores" },
      }),
      lines("Resident memory of each replica", "The limit is what a replica may use.", {
        bytes: { ...REPLICA.values("process_resident_memory_bytes"), limit: "goldenring_replica_memory_bytes" },
      }),
      lines("Event loop lag, slowest 1 %", "How late a timer fires: the process waits for its share of the CPU.", {
        seconds: REPLICA.quantiles("weather_event_loop_lag_seconds", [0.99], ["machine"], "5m"),
      }),
      lines("Requests in flight", "Being answered at the moment of the scrape.", {
        count: REPLICA.values("http_requests_in_flight"),
      }),
      lines("Write queue depth", "Writes accepted and not yet settled. At 10,000 further ones are refused.", {
        count: REPLICA.values("weather_write_queue_depth"),
        limits: { warning: 2_000, critical: 10_000 },
      }),
      lines("Writes in one statement (batch size)", "On average. It grows with the load.", {
        count: REPLICA.mean("weather_write_batch_size", "kind"),
      }),
      lines("Duration of a statement of writes, slowest 5 %", "It includes the wait for the synchronous standby.", {
        seconds: REPLICA.quantiles("weather_write_statement_seconds", [0.95], ["kind"], "5m"),
      }),
      lines("Duration of a change query, slowest 5 %", "A read waits at least this long for its confirmation.", {
        seconds: REPLICA.quantiles("weather_barrier_seconds", [0.95], ["machine"]),
      }),
      lines("Rows of the read model", "Forecast values; the same on every replica.", {
        count: REPLICA.values("weather_model_rows"),
      }),
      lines("Memory used for data, by part", "Forms, answers and queue give way to cities, values and index.", {
        bytes: REPLICA.values("weather_model_bytes", "max by (part)"),
      }),
      lines("Writes that were not accepted", "data: the memory is full (507). queue: too many are waiting (503).", {
        "1/s": REPLICA.rates("weather_refused_writes_total", "sum by (reason)"),
      }),
    ],
  },
};
