import { Counter, Gauge, Histogram, type Metric, Registry } from "prom-client";
import { RequestDurations } from "./request-durations.ts";

/** What the gauges read at the moment of a scrape. */
export interface MetricSources {
  model():
    | { readonly rows: number; readonly cities: number; readonly bytes: number; readonly revision: number }
    | undefined;
  ageMs(): number;
  reachable(): boolean;
  writeQueueDepth(): number;
  readonly build: { readonly version: string; readonly commit: string };
}

export type Metrics = ReturnType<typeof createMetrics>;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.6, 1, 2.5, 5, 10, 30];

/** Every metric of the API. Names follow Prometheus' conventions: base units, `_total` for counters. */
export function createMetrics(sources: MetricSources) {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };

  gauge("weather_model_rows", "Forecast values in the read model.", () => sources.model()?.rows ?? 0);
  gauge("weather_model_cities", "Cities in the read model.", () => sources.model()?.cities ?? 0);
  gauge(
    "weather_model_bytes",
    "Bytes held by the read model, compressed forms included.",
    () => sources.model()?.bytes ?? 0,
  );
  gauge(
    "weather_model_revision",
    "Changes applied to the read model since it was loaded.",
    () => sources.model()?.revision ?? 0,
  );
  gauge("weather_model_age_seconds", "Time since the primary last confirmed the read model.", () =>
    finite(sources.ageMs() / 1_000),
  );
  gauge("weather_primary_reachable", "1 while the last change query reached a primary.", () =>
    sources.reachable() ? 1 : 0,
  );
  gauge("weather_write_queue_depth", "Writes accepted and not yet settled.", () => sources.writeQueueDepth());
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
    help: "1, labelled with what runs.",
    labelNames: ["version", "commit", "runtime"],
    registers,
  }).set({ ...sources.build, runtime: RUNTIME }, 1);

  const requests = new RequestDurations(SECONDS);
  registry.registerMetric(requests as unknown as Metric);
  gauge("http_requests_in_flight", "Requests being answered.", () => requests.inFlight);

  return {
    registry,
    requests,
    staleAnswers: new Counter({
      name: "weather_stale_answers_total",
      help: "Reads answered from memory while the primary was out of reach.",
      registers,
    }),
    barrierSeconds: new Histogram({
      name: "weather_barrier_seconds",
      help: "Duration of a change query that confirms reads.",
      buckets: SECONDS,
      registers,
    }),
    barrierReads: new Counter({
      name: "weather_barrier_reads_total",
      help: "Reads that waited for a confirmation.",
      registers,
    }),
    barrierFailures: new Counter({
      name: "weather_barrier_failures_total",
      help: "Change queries that failed.",
      registers,
    }),
    modelLoads: new Counter({
      name: "weather_model_loads_total",
      help: "Times the whole data set was read, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    modelLoadSeconds: new Gauge({
      name: "weather_model_load_seconds",
      help: "Duration of the last whole read.",
      registers,
    }),
    rowsApplied: new Counter({
      name: "weather_model_rows_applied_total",
      help: "Changed rows applied to the model.",
      registers,
    }),
    writeBatch: new Histogram({
      name: "weather_write_batch_size",
      help: "Writes in one statement.",
      labelNames: ["kind"],
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      registers,
    }),
    writeSeconds: new Histogram({
      name: "weather_write_statement_seconds",
      help: "Duration of one statement of writes.",
      labelNames: ["kind"],
      buckets: SECONDS,
      registers,
    }),
    writeRetries: new Counter({
      name: "weather_write_retries_total",
      help: "Writes sent again after a failure whose outcome was unknown.",
      labelNames: ["kind"],
      registers,
    }),
    writes: new Counter({
      name: "weather_writes_total",
      help: "Writes settled, by outcome: done, refused, unconfirmed.",
      labelNames: ["kind", "outcome"],
      registers,
    }),
    eventLoopLag: new Histogram({
      name: "weather_event_loop_lag_seconds",
      help: "How late a timer fires: pauses of the event loop, CPU throttling included.",
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
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
