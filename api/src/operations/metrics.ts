import { Counter, Gauge, Histogram, type Metric, Registry } from "prom-client";
import { RequestDurations } from "./request-durations.ts";

/** What the gauges read at the moment of a scrape. */
export interface MetricSources {
  model(): { readonly rows: number; readonly cities: number; readonly revision: number } | undefined;
  memory(): Readonly<Record<MemoryPart, number>>;
  /** Of cities, values and index, in bytes: growth beyond it is refused. */
  readonly dataLimitBytes: number;
  isOverBudget(): boolean;
  ageMs(): number;
  reachable(): boolean;
  writeQueueDepth(): number;
  /** How long the database has answered no write, while one waits. */
  writeWaitMs(): number;
  oldestTransaction(): { readonly pid: string; readonly ageSeconds: number } | undefined;
  readonly build: { readonly version: string; readonly commit: string };
}

/** What the memory of a replica is used for, beside the runtime itself. */
export const MEMORY_PARTS = ["cities", "values", "index", "forms", "answers", "bodies", "queue", "garbage"] as const;
export type MemoryPart = (typeof MEMORY_PARTS)[number];

export type Metrics = ReturnType<typeof createMetrics>;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.6, 1, 2.5, 5, 10, 30];
const LAG_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5];
const BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** Every metric of the API. Names follow Prometheus' conventions: base units, `_total` for counters. */
export function createMetrics(sources: MetricSources) {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter<Label>({ name, help, labelNames, registers });
  const histogram = <Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: Label[]
  ) => new Histogram<Label>({ name, help, buckets, labelNames, registers });
  const gauges = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    collect: (gauge: Gauge<Label>) => void,
  ): void => {
    const gauge: Gauge<Label> = new Gauge({ name, help, labelNames, registers, collect: () => collect(gauge) });
  };
  const gauge = (name: string, help: string, read: () => number): void =>
    gauges(name, help, [], (each) => each.set(read()));
  const modelGauge = (name: "rows" | "cities" | "revision", help: string): void =>
    gauge(`weather_model_${name}`, help, () => sources.model()?.[name] ?? 0);

  modelGauge("rows", "Forecast values in the read model.");
  modelGauge("cities", "Cities in the read model.");
  const parts =
    "Memory used for data, by part: cities, values, index, forms (ready lists), answers, queue (waiting writes), garbage.";
  gauges("weather_model_bytes", parts, ["part"], (each) => {
    const bytes = sources.memory();
    for (const part of MEMORY_PARTS) each.set({ part }, bytes[part]);
  });
  gauge(
    "weather_model_limit_bytes",
    "Memory that cities, values and index may use: growth beyond it is refused.",
    () => sources.dataLimitBytes,
  );
  gauge("weather_model_over_budget", "1 while the primary has more data than this replica may hold.", () =>
    sources.isOverBudget() ? 1 : 0,
  );
  modelGauge("revision", "Changes applied to the read model since it was loaded.");
  gauge("weather_model_age_seconds", "Time since the primary last confirmed the read model.", () =>
    finite(sources.ageMs() / 1_000),
  );
  gauge("weather_primary_reachable", "1 while the last change query reached a primary.", () =>
    sources.reachable() ? 1 : 0,
  );
  const oldest =
    "Age of the oldest open transaction on the primary's server, and its pid; 0 and no pid if there is none.";
  gauges("weather_oldest_transaction_seconds", oldest, ["pid"], (each) => {
    const { pid, ageSeconds } = sources.oldestTransaction() ?? { pid: "", ageSeconds: 0 };
    each.reset();
    each.set({ pid }, ageSeconds);
  });
  gauge("weather_write_queue_depth", "Writes accepted and not yet answered.", () => sources.writeQueueDepth());
  gauge(
    "weather_write_wait_seconds",
    "How long the primary has not answered the writes that wait for it; 0 when none waits.",
    () => sources.writeWaitMs() / 1_000,
  );
  gauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => process.memoryUsage.rss());
  gauge("process_start_time_seconds", "Start time of the process since the Unix epoch.", () => STARTED_SECONDS);
  new Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "weather_build_info",
    help: "1, labelled with version, commit and runtime.",
    labelNames: ["version", "commit", "runtime"],
    registers,
  }).set({ ...sources.build, runtime: RUNTIME }, 1);

  const requests = new RequestDurations(SECONDS);
  registry.registerMetric(requests as unknown as Metric);
  gauge("http_requests_in_flight", "Requests being answered.", () => requests.inFlight);

  const refusedWrites = counter(
    "weather_refused_writes_total",
    "Writes that were not accepted, by reason: data (the memory is full), queue (too many are waiting), bodies (too many are arriving).",
    "reason",
  );
  for (const reason of ["data", "queue", "bodies"] as const) refusedWrites.inc({ reason }, 0);

  return {
    registry,
    requests,
    refusedWrites,
    staleAnswers: counter(
      "weather_stale_answers_total",
      "Reads answered from memory while the primary was unreachable.",
    ),
    barrierSeconds: histogram("weather_barrier_seconds", "Duration of a change query that confirms reads.", SECONDS),
    barrierReads: counter("weather_barrier_reads_total", "Reads that waited for a confirmation."),
    barrierFailures: counter("weather_barrier_failures_total", "Change queries that failed."),
    modelLoads: counter("weather_model_loads_total", "Loads of the whole data set, by reason.", "reason"),
    modelLoadSeconds: new Gauge({
      name: "weather_model_load_seconds",
      help: "Duration of the last load of the whole data set.",
      registers,
    }),
    rowsApplied: counter("weather_model_rows_applied_total", "Changed rows applied to the model."),
    writeBatch: histogram("weather_write_batch_size", "Writes in one statement.", BATCH_SIZES, "kind"),
    writeSeconds: histogram("weather_write_statement_seconds", "Duration of one statement of writes.", SECONDS, "kind"),
    writeRetries: counter(
      "weather_write_retries_total",
      "Writes sent again after a failure whose outcome was unknown.",
      "kind",
    ),
    writes: counter(
      "weather_writes_total",
      "Answered writes by outcome: done, refused, unconfirmed.",
      "kind",
      "outcome",
    ),
    cutAnswers: counter("weather_cut_answers_total", "Lists cut off because their clients took them too slowly."),
    eventLoopLag: histogram(
      "weather_event_loop_lag_seconds",
      "How late a timer fires: pauses of the event loop, CPU throttling included.",
      LAG_SECONDS,
    ),
  };
}

const LAG_INTERVAL_MS = 500;

/** Measures the event loop's lag until the returned function is called. */
export function watchEventLoop(lag: Metrics["eventLoopLag"]): () => void {
  let due = performance.now() + LAG_INTERVAL_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    lag.observe(Math.max(0, now - due) / 1_000);
    due = now + LAG_INTERVAL_MS;
  }, LAG_INTERVAL_MS);
  return () => clearInterval(timer);
}

const STARTED_SECONDS = Date.now() / 1_000;
const RUNTIME = process.versions.bun ? `bun ${process.versions.bun}` : `node ${process.versions.node}`;

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
