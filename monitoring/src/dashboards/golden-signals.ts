import { OBJECTIVES } from "@goldenring/stand";
import { type Dashboard, lines, number, states } from "./panels.ts";
import { average, quantile, rate } from "./promql.ts";
import { machineOf } from "./variables.ts";

const REPLICA = 'job="api", machine=~"$machine"';
/** What watches the API is no user. */
const USERS = `${REPLICA}, route!~"/healthz/.+|/metrics"`;
const GOOD = `${USERS}, status=~"[23].."`;
const BAD = `${USERS}, status=~"[45].."`;
const FAILED = `${USERS}, status=~"5.."`;

/** What a replica may use: 250 millicores and 128 MiB, in the lab and in the report of 2023 alike. */
const CORES = 0.25;
const MEMORY_BYTES = 128 * 1024 * 1024;

const REQUESTS = "http_request_duration_seconds";

const PROMISES = [
  { from: OBJECTIVES.p90Ms / 1_000, severity: "warning" },
  { from: OBJECTIVES.p95Ms / 1_000, severity: "critical" },
] as const;

/** One line for each share of the answers. */
const within = (shares: readonly number[], expr: (share: number) => string): Readonly<Record<string, string>> =>
  Object.fromEntries(shares.map((share) => [`${share * 100} % within`, expr(share)]));

export const GOLDEN_SIGNALS: Dashboard = {
  name: "golden-signals",
  title: "Golden signals of the API",
  description: "Latency, traffic, errors and saturation of the Weather API's replicas.",
  variables: [machineOf("api")],
  sections: [
    {
      title: "Latency",
      panels: [
        number({
          title: "Request duration, 90 % of good answers",
          description: `Promised: at most ${OBJECTIVES.p90Ms} ms.`,
          measures: [`${REQUESTS}_bucket`],
          queries: { "90 % within": quantile(0.9, REQUESTS, GOOD, []) },
          unit: "seconds",
          limits: [{ from: OBJECTIVES.p90Ms / 1_000, severity: "critical" }],
          width: 6,
        }),
        number({
          title: "Request duration, 95 % of good answers",
          description: `Promised: at most ${OBJECTIVES.p95Ms} ms.`,
          measures: [`${REQUESTS}_bucket`],
          queries: { "95 % within": quantile(0.95, REQUESTS, GOOD, []) },
          unit: "seconds",
          limits: [{ from: OBJECTIVES.p95Ms / 1_000, severity: "critical" }],
          width: 6,
        }),
        number({
          title: "Requests",
          description: "Of all users together.",
          measures: [`${REQUESTS}_count`],
          queries: { requests: `sum(${rate(`${REQUESTS}_count`, USERS)})` },
          unit: "requests/s",
          width: 6,
        }),
        number({
          title: "Share of requests answered with 5xx",
          description: `Promised: at most ${OBJECTIVES.errorShare * 100} %.`,
          measures: [`${REQUESTS}_count`],
          queries: {
            "5xx": `(sum(${rate(`${REQUESTS}_count`, FAILED)}) or vector(0)) / sum(${rate(`${REQUESTS}_count`, USERS)})`,
          },
          unit: "share",
          limits: [{ from: OBJECTIVES.errorShare, severity: "critical" }],
          width: 6,
        }),
        lines({
          title: "Request duration of good answers (2xx, 3xx)",
          description: `The lines are the promises: ${OBJECTIVES.p90Ms} ms for 90 %, ${OBJECTIVES.p95Ms} ms for 95 %.`,
          measures: [`${REQUESTS}_bucket`],
          queries: within([0.5, 0.9, 0.95, 0.99], (share) => quantile(share, REQUESTS, GOOD, [])),
          unit: "seconds",
          limits: PROMISES,
        }),
        lines({
          title: "Request duration of bad answers (4xx, 5xx)",
          description: "Apart, because errors are quick or very slow and would hide what good answers take.",
          measures: [`${REQUESTS}_bucket`],
          queries: within([0.5, 0.95], (share) => quantile(share, REQUESTS, BAD, [], "5m")),
          unit: "seconds",
        }),
        lines({
          title: "Request duration by route, 95 % of good answers",
          description: "Which path is slow.",
          measures: [`${REQUESTS}_bucket`],
          queries: { "{{method}} {{route}}": quantile(0.95, REQUESTS, GOOD, ["method", "route"]) },
          unit: "seconds",
          limits: PROMISES,
        }),
        lines({
          title: "Request duration by replica, 95 % of good answers",
          description: "A replica that is slower than the others.",
          measures: [`${REQUESTS}_bucket`],
          queries: { "{{machine}}": quantile(0.95, REQUESTS, GOOD, ["machine"]) },
          unit: "seconds",
          limits: PROMISES,
        }),
      ],
    },
    {
      title: "Traffic",
      panels: [
        lines({
          title: "Requests by route",
          description: "What is asked for.",
          measures: [`${REQUESTS}_count`],
          queries: { "{{method}} {{route}}": `sum by (method, route) (${rate(`${REQUESTS}_count`, USERS)})` },
          unit: "requests/s",
          isStacked: true,
        }),
        lines({
          title: "Requests by replica",
          description: "The ingress gives each its share.",
          measures: [`${REQUESTS}_count`],
          queries: { "{{machine}}": `sum by (machine) (${rate(`${REQUESTS}_count`, USERS)})` },
          unit: "requests/s",
        }),
        lines({
          title: "Writes by kind and outcome",
          description: "done: committed. refused: the data were wrong. unconfirmed: not known to be done in time.",
          measures: ["weather_writes_total"],
          queries: { "{{kind}} {{outcome}}": `sum by (kind, outcome) (${rate("weather_writes_total", REPLICA)})` },
          unit: "1/s",
        }),
        lines({
          title: "Reads confirmed by the barrier, and change queries",
          description: "All reads that wait at a time share one query to the primary.",
          measures: ["weather_barrier_reads_total", "weather_barrier_seconds_count"],
          queries: {
            reads: `sum(${rate("weather_barrier_reads_total", REPLICA)})`,
            "change queries": `sum(${rate("weather_barrier_seconds_count", REPLICA)})`,
          },
          unit: "1/s",
        }),
      ],
    },
    {
      title: "Errors and stale answers",
      panels: [
        lines({
          title: "Requests answered badly (4xx, 5xx), by status",
          description: "4xx: asked wrongly. 5xx counts against the promised availability.",
          measures: [`${REQUESTS}_count`],
          queries: { "{{status}}": `sum by (status) (${rate(`${REQUESTS}_count`, BAD)})` },
          unit: "requests/s",
          isStacked: true,
        }),
        lines({
          title: "Stale answers",
          description: "Reads answered from memory while no primary could be reached; they say so. None is normal.",
          measures: ["weather_stale_answers_total"],
          queries: { "{{machine}}": rate("weather_stale_answers_total", REPLICA) },
          unit: "requests/s",
        }),
        states({
          title: "Primary reachable",
          description: "Whether the last change query reached a primary.",
          measures: ["weather_primary_reachable"],
          queries: { "{{machine}}": `weather_primary_reachable{${REPLICA}}` },
          unit: "switch",
          states: [
            { value: 0, text: "away", mood: "bad" },
            { value: 1, text: "reachable", mood: "good" },
          ],
        }),
        lines({
          title: "Age of the read model",
          description:
            "Since the primary confirmed it last. Without readers nothing asks for a confirmation, and it grows.",
          measures: ["weather_model_age_seconds"],
          queries: { "{{machine}}": `weather_model_age_seconds{${REPLICA}}` },
          unit: "seconds",
        }),
        lines({
          title: "Change queries that failed",
          description: "Failures of the barrier: the primary was away, silent or another one.",
          measures: ["weather_barrier_failures_total"],
          queries: { "{{machine}}": rate("weather_barrier_failures_total", REPLICA) },
          unit: "1/s",
        }),
        lines({
          title: "Write retries",
          description: "Writes sent again because their outcome was unknown.",
          measures: ["weather_write_retries_total"],
          queries: {
            "{{machine}} {{kind}}": `sum by (machine, kind) (${rate("weather_write_retries_total", REPLICA)})`,
          },
          unit: "1/s",
        }),
      ],
    },
    {
      title: "Saturation",
      panels: [
        lines({
          title: "CPU of each replica",
          description: "Cores; the line is what a replica may use.",
          measures: ["process_cpu_seconds_total"],
          queries: { "{{machine}}": rate("process_cpu_seconds_total", REPLICA) },
          unit: "count",
          limits: [{ from: CORES, severity: "critical" }],
        }),
        lines({
          title: "Resident memory of each replica",
          description: "The line is what a replica may use.",
          measures: ["process_resident_memory_bytes"],
          queries: { "{{machine}}": `process_resident_memory_bytes{${REPLICA}}` },
          unit: "bytes",
          limits: [{ from: MEMORY_BYTES, severity: "critical" }],
        }),
        lines({
          title: "Event loop lag, slowest 1 %",
          description: "How late a timer fires: the process waits for its share of the CPU.",
          measures: ["weather_event_loop_lag_seconds_bucket"],
          queries: { "{{machine}}": quantile(0.99, "weather_event_loop_lag_seconds", REPLICA, ["machine"], "5m") },
          unit: "seconds",
        }),
        lines({
          title: "Requests in flight",
          description: "Being answered at the moment of the scrape.",
          measures: ["http_requests_in_flight"],
          queries: { "{{machine}}": `http_requests_in_flight{${REPLICA}}` },
          unit: "count",
        }),
        lines({
          title: "Write queue depth",
          description: "Writes accepted and not yet settled. At 10,000 further ones are refused.",
          measures: ["weather_write_queue_depth"],
          queries: { "{{machine}}": `weather_write_queue_depth{${REPLICA}}` },
          unit: "count",
          limits: [
            { from: 2_000, severity: "warning" },
            { from: 10_000, severity: "critical" },
          ],
        }),
        lines({
          title: "Writes in one statement (batch size)",
          description: "On average. It grows with the load.",
          measures: ["weather_write_batch_size_count", "weather_write_batch_size_sum"],
          queries: { "{{kind}}": average("weather_write_batch_size", REPLICA, ["kind"]) },
          unit: "count",
        }),
        lines({
          title: "Duration of a statement of writes, slowest 5 %",
          description: "Among them those that waited for the synchronous standby.",
          measures: ["weather_write_statement_seconds_bucket"],
          queries: { "{{kind}}": quantile(0.95, "weather_write_statement_seconds", REPLICA, ["kind"], "5m") },
          unit: "seconds",
        }),
        lines({
          title: "Duration of a change query, slowest 5 %",
          description: "What a read waits for its confirmation, at least.",
          measures: ["weather_barrier_seconds_bucket"],
          queries: { "{{machine}}": quantile(0.95, "weather_barrier_seconds", REPLICA, ["machine"]) },
          unit: "seconds",
        }),
        lines({
          title: "Rows of the read model",
          description: "Forecast values; the same on every replica.",
          measures: ["weather_model_rows"],
          queries: { "{{machine}}": `weather_model_rows{${REPLICA}}` },
          unit: "count",
        }),
        lines({
          title: "Bytes of the read model",
          description: "Compressed forms included.",
          measures: ["weather_model_bytes"],
          queries: { "{{machine}}": `weather_model_bytes{${REPLICA}}` },
          unit: "bytes",
        }),
      ],
    },
  ],
};
