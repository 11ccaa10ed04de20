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
  /** Where the page's build lies. */
  readonly pageFolder: string;
}

/** One replica without its listener: the parts, wired once. */
export interface Service {
  readonly app: App;
  /** Resolves once the model is loaded; waits for a database that is away. Throws where waiting would not help. */
  start(): Promise<void>;
  /** Tells load balancers to send no more. */
  unready(): void;
  /** Settles accepted writes and closes the connections, until `deadline` (performance.now()) at most. */
  stop(deadline: number): Promise<void>;
}

/** An endpoint that stays silent this long does not hold up the others, ms. */
const STAGGER_MS = 200;
/** Least time between attempts to reach a primary that is away, ms. */
const RETRY_INTERVAL_MS = 50;
/** Without requests the model is refreshed this often, ms. */
const IDLE_INTERVAL_MS = 1_000;
/** The model's size is looked at anew, which walks all blocks, when so much of its budget's worth of JSON has come in. */
const BUDGET_BETWEEN_WEIGHINGS = 1 / 64;
/** One statement of a load or a migration may take this long, ms. */
const LONG_STATEMENT_MS = 120_000;

export function createService(options: ServiceOptions, log: Log): Service {
  const search = { connectDeadlineMs: options.connectMs, staggerMs: STAGGER_MS };
  let ready = false;
  let modelBytes = 0;
  let unweighedBytes = 0;

  const metrics: Metrics = createMetrics({
    model: () => {
      const { model } = feed;
      if (!model) return undefined;
      return { rows: model.rows, cities: model.cities.length, bytes: model.bytes, revision: model.revision };
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
      loaded: (model, milliseconds, reason) => {
        metrics.modelLoads.inc({ reason });
        metrics.modelLoadSeconds.set(milliseconds / 1_000);
        modelBytes = model.bytes;
        log.info(
          {
            reason,
            ...feed.identity,
            cities: model.cities.length,
            values: model.rows,
            milliseconds: Math.round(milliseconds),
          },
          "data loaded",
        );
      },
      applied: (rows, bytes) => {
        metrics.rowsApplied.inc(rows);
        unweighedBytes += bytes;
        if (unweighedBytes > BUDGET_BETWEEN_WEIGHINGS * options.modelBudgetBytes && feed.model) {
          unweighedBytes = 0;
          modelBytes = feed.model.bytes;
        }
      },
    },
  );

  const away = reportOnce(log);
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
      refreshed: (milliseconds, reads) => {
        metrics.barrierSeconds.observe(milliseconds / 1_000);
        metrics.barrierReads.inc(reads);
        away.back();
        if (!ready) loaded();
      },
      failed: (error) => {
        metrics.barrierFailures.inc();
        away.gone(error);
        if (error instanceof UnservableData && feed.model === undefined) giveUp(error);
      },
    },
  );

  const queue = new WriteQueue(
    {
      database: options.database,
      search,
      capacity: options.writeQueueLimit,
      largestBatch: 500,
      statementDeadlineMs: options.writeStatementMs,
    },
    {
      batch: (kind, writes, milliseconds) => {
        metrics.writeBatch.observe({ kind }, writes);
        metrics.writeSeconds.observe({ kind }, milliseconds / 1_000);
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
  const contract = [
    ...cityRoutes(reader, writer, options.bodyLimitBytes),
    ...forecastRoutes(reader, writer, options.bodyLimitBytes),
  ];
  const operations = operationsRoutes({
    ready: () => ready && !stopping,
    registry: metrics.registry,
    openApi: () => document(),
  });
  const routes = [...contract, ...operations];
  const document = once(() => JSON.stringify(openApiDocument(routes, options.version)));
  const stopWatching = watchEventLoop(metrics.eventLoopLag);

  return {
    app: createApp({
      routes,
      staticPages: createStaticPages(options.pageFolder),
      corsOrigins: options.corsOrigins,
      apiKeys: options.apiKeys,
      rateLimitPerSecond: options.rateLimitPerSecond,
      trustProxy: options.trustProxy,
      metrics,
      log,
    }),
    start: async () => {
      await prepareDatabase(
        options.database,
        { search, sampleData: options.sampleData, deadlineMs: LONG_STATEMENT_MS, stopped: () => stopping },
        log,
      );
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

/** Logs the first failure of a run of failures, a reminder every ten seconds, and the recovery. */
function reportOnce(log: Log): { gone(error: unknown): void; back(): void } {
  let since: number | undefined;
  let reported = 0;
  return {
    gone: (error) => {
      const now = performance.now();
      since ??= now;
      if (now - reported < 10_000 && since !== now) return;
      reported = now;
      log.warn(
        { reason: messageOf(error), seconds: Math.round((now - since) / 1_000) },
        "the primary is out of reach: reads are answered from memory, as stale",
      );
    },
    back: () => {
      if (since === undefined) return;
      log.info({ seconds: (performance.now() - since) / 1_000 }, "the primary is back");
      since = undefined;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
