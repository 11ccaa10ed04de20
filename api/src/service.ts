import type { Config } from "./config.ts";
import { UnservableData } from "./freshness/blocks.ts";
import { ChangeFeed } from "./freshness/change-feed.ts";
import { ReadBarrier } from "./freshness/read-barrier.ts";
import { type App, createApp } from "./http/app.ts";
import { cityRoutes } from "./http/cities.ts";
import { forecastRoutes } from "./http/forecast.ts";
import { openApiDocument } from "./http/openapi.ts";
import { operationsRoutes } from "./http/operations-routes.ts";
import { Reader } from "./http/reading.ts";
import type { Route } from "./http/route.ts";
import { createStaticPages } from "./http/static-pages.ts";
import { Writer } from "./http/writing.ts";
import type { Log } from "./operations/log.ts";
import { createMetrics, type Metrics, watchEventLoop } from "./operations/metrics.ts";
import type { DatabaseConfig } from "./postgres/connection.ts";
import { prepareDatabase } from "./postgres/prepare.ts";
import { WriteQueue } from "./writes/write-queue.ts";

export interface ServiceOptions extends Config {
  readonly database: DatabaseConfig;
  readonly version: string;
  /** The output of the page's build. */
  readonly pageFolder: string;
  /** `start` resolves once the database is migrated, and nothing else starts. */
  readonly isMigrationOnly: boolean;
}

/** One API replica without its listener. */
export interface Service {
  readonly app: App;
  /** Resolves once the model is loaded; waits for a database that is unavailable. Throws what waiting cannot fix. */
  start(): Promise<void>;
  /** Turns readiness to 503, so that load balancers send no more requests. */
  unready(): void;
  /** Waits for accepted writes, at most until `deadline` (performance.now()), and closes the connections. */
  stop(deadline: number): Promise<void>;
}

/** How long a silent endpoint delays the next one. */
const STAGGER_MS = 200;
/** Minimum time between attempts to reach an unreachable primary. */
const RETRY_INTERVAL_MS = 50;
/** How often the model is refreshed without requests. */
const IDLE_INTERVAL_MS = 1_000;
/** The model's size is measured, which walks all blocks, whenever new JSON amounts to this share of its budget. */
const MEASURED_BUDGET_SHARE = 1 / 64;
/** Of one statement of a load or a migration. */
const LONG_STATEMENT_MS = 120_000;
/** How often the log repeats that the primary is unreachable. */
const REMINDER_INTERVAL_MS = 10_000;

export function createService(options: ServiceOptions, log: Log): Service {
  const search = { connectDeadlineMs: options.connectMs, staggerMs: STAGGER_MS };
  let ready = false;
  let modelBytes = 0;
  let unmeasuredBytes = 0;

  const metrics: Metrics = createMetrics({
    model: () => {
      const { model } = feed;
      return model && { rows: model.rows, cities: model.cities.length, bytes: model.bytes, revision: model.revision };
    },
    ageMs: () => barrier.ageMs,
    reachable: () => barrier.reachable,
    writeQueueDepth: () => queue.depth,
    build: { version: options.version, commit: options.buildCommit },
  });

  const feed = new ChangeFeed(
    {
      database: options.database,
      search,
      queryDeadlineMs: options.readTimeoutMs,
      load: { budgetBytes: options.modelBudgetBytes, deadlineMs: LONG_STATEMENT_MS },
    },
    {
      connected: (endpoint, identity) => {
        log.debug({ endpoint, ...identity }, "connected to the primary");
        queue.primaryIs(identity);
      },
      loaded: (model, durationMs, reason) => {
        metrics.modelLoads.inc({ reason });
        metrics.modelLoadSeconds.set(durationMs / 1_000);
        modelBytes = model.bytes;
        const size = { cities: model.cities.length, values: model.rows };
        log.info({ reason, ...feed.identity, ...size, milliseconds: Math.round(durationMs) }, "data loaded");
      },
      applied: (rows, jsonBytes) => {
        metrics.rowsApplied.inc(rows);
        unmeasuredBytes += jsonBytes;
        if (unmeasuredBytes > MEASURED_BUDGET_SHARE * options.modelBudgetBytes && feed.model) {
          unmeasuredBytes = 0;
          modelBytes = feed.model.bytes;
        }
      },
    },
  );

  const outage = outageLog(log);
  let giveUp: (error: Error) => void = () => {};
  const barrier = new ReadBarrier(
    () => feed.refresh(),
    {
      timeoutMs: options.readTimeoutMs,
      unreachableTimeoutMs: options.unreachableReadTimeoutMs,
      minIntervalMs: options.barrierIntervalMs,
      batchIntervalMs: options.readBatchIntervalMs,
      hasOpenWrites: () => queue.depth > 0,
      retryIntervalMs: RETRY_INTERVAL_MS,
      idleIntervalMs: IDLE_INTERVAL_MS,
      enabled: options.readBarrier,
    },
    {
      refreshed: (durationMs, reads) => {
        metrics.barrierSeconds.observe(durationMs / 1_000);
        metrics.barrierReads.inc(reads);
        outage.ended();
        if (!ready) loaded();
      },
      failed: (error) => {
        metrics.barrierFailures.inc();
        outage.failed(error);
        if (error instanceof UnservableData && feed.model === undefined) giveUp(error);
      },
    },
  );

  const queue = new WriteQueue(
    {
      database: options.database,
      search,
      capacity: options.writeQueueLimit,
      maxBatch: 500,
      statementDeadlineMs: options.writeStatementMs,
    },
    {
      batch: (kind, writes, durationMs) => {
        metrics.writeBatch.observe({ kind }, writes);
        metrics.writeSeconds.observe({ kind }, durationMs / 1_000);
      },
      retry: (kind, writes, error) => {
        metrics.writeRetries.inc({ kind }, writes);
        log.warn({ kind, writes, reason: messageOf(error) }, "writes are sent again");
      },
      settled: (kind, outcome, writes) => metrics.writes.inc({ kind, outcome }, writes),
    },
  );

  let stopping = false;
  let loaded: () => void = () => {};
  const reader = new Reader(feed, barrier, () => metrics.staleAnswers.inc());
  const writer = new Writer(queue, feed, barrier, options.writeDeadlineMs, () => modelBytes > options.modelBudgetBytes);
  let openApi: string | undefined;
  const routes: Route[] = [
    ...cityRoutes(reader, writer, options.bodyLimitBytes),
    ...forecastRoutes(reader, writer, options.bodyLimitBytes),
    ...operationsRoutes({
      ready: () => ready && !stopping,
      registry: metrics.registry,
      openApi: () => {
        openApi ??= JSON.stringify(openApiDocument(routes, options.version));
        return openApi;
      },
    }),
  ];
  const stopWatching = watchEventLoop(metrics.eventLoopLag);

  return {
    app: createApp({ ...options, routes, staticPages: createStaticPages(options.pageFolder), metrics, log }),
    start: async () => {
      await prepareDatabase(
        options.database,
        { search, sampleData: options.sampleData, deadlineMs: LONG_STATEMENT_MS, stopped: () => stopping },
        log,
      );
      if (options.isMigrationOnly) return;
      await new Promise<void>((resolve, reject) => {
        giveUp = reject;
        loaded = () => {
          ready = true;
          resolve();
        };
        barrier.start();
      });
    },
    unready: () => {
      stopping = true;
    },
    stop: async (deadline) => {
      stopping = true;
      stopWatching();
      await queue.close(deadline);
      barrier.close();
      await feed.close();
    },
  };
}

/** Logs the first failure of an outage, a reminder in intervals, and the end. */
function outageLog(log: Log): { failed(error: unknown): void; ended(): void } {
  let since: number | undefined;
  let loggedAt = 0;
  return {
    failed: (error) => {
      const now = performance.now();
      since ??= now;
      if (now - loggedAt < REMINDER_INTERVAL_MS && since !== now) return;
      loggedAt = now;
      log.warn(
        { reason: messageOf(error), seconds: Math.round((now - since) / 1_000) },
        "the primary is unreachable: reads are answered from memory, marked stale",
      );
    },
    ended: () => {
      if (since === undefined) return;
      log.info({ seconds: (performance.now() - since) / 1_000 }, "the primary is reachable again");
      since = undefined;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
