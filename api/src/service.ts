import type { Config } from "./config.ts";
import { UnservableData } from "./freshness/blocks.ts";
import { ChangeFeed } from "./freshness/change-feed.ts";
import { OverBudget } from "./freshness/load.ts";
import { ReadBarrier } from "./freshness/read-barrier.ts";
import { createApp } from "./http/app.ts";
import { cityRoutes } from "./http/cities.ts";
import { forecastRoutes } from "./http/forecast.ts";
import type { BodyOptions } from "./http/json-body.ts";
import { OpenAnswers } from "./http/open-answers.ts";
import { type OpenApiVersion, openApiDocument } from "./http/openapi.ts";
import { operationsRoutes } from "./http/operations-routes.ts";
import { Reader } from "./http/reading.ts";
import type { Route } from "./http/route.ts";
import { createStaticPages } from "./http/static-pages.ts";
import { Writer } from "./http/writing.ts";
import { Garbage } from "./memory/garbage.ts";
import { Growth } from "./memory/growth.ts";
import { sharesOf } from "./memory/shares.ts";
import { FormCache } from "./model/form-cache.ts";
import { List } from "./model/list.ts";
import { FORECAST_SHAPE, WEATHER_SHAPE } from "./model/render.ts";
import { CountedWarning, type Log, messageOf, reminder } from "./operations/log.ts";
import { createMetrics, type Metrics, watchEventLoop } from "./operations/metrics.ts";
import type { DatabaseConfig } from "./postgres/connection.ts";
import { prepareDatabase } from "./postgres/prepare.ts";
import { Reach } from "./postgres/reach.ts";
import { WriteQueue } from "./writes/write-queue.ts";

export interface ServiceOptions extends Config {
  readonly database: DatabaseConfig;
  readonly version: string;
  /** The output of the page's build. */
  readonly pageFolder: string;
  /** Collects garbage at once, and gives the memory back. */
  readonly collectGarbage: () => void;
  /** `start` resolves once the database is migrated, and nothing else starts. */
  readonly isMigrationOnly: boolean;
}

export type Service = ReturnType<typeof createService>;

/** How long a silent endpoint delays the next one. */
const STAGGER_MS = 200;
/** Minimum time between attempts to reach an unreachable primary. */
const RETRY_INTERVAL_MS = 50;
/**
 * Of all replicas of a database together: a change query costs the primary about 0.1 ms of CPU. With more than three replicas the
 * time between the queries of each one grows.
 */
const MAX_CHANGE_QUERIES_PER_MS = 1.5;
/** How often the model is refreshed without requests. */
const IDLE_INTERVAL_MS = 1_000;
/** Of one statement of a load or a migration. */
const LONG_STATEMENT_MS = 120_000;
/** From this wait on, a replica looks whether it reaches the endpoints. */
const LOOK_AFTER_MS = 400;
/** How often the log repeats that the primary is unreachable. */
const REMINDER_INTERVAL_MS = 10_000;

/** One API replica without its listener. */
export function createService(options: ServiceOptions, log: Log) {
  const search = { connectDeadlineMs: options.connectMs, staggerMs: STAGGER_MS };
  const memory = sharesOf(options.modelBudgetBytes);
  const garbage = new Garbage(memory, options.collectGarbage);
  const bodies: BodyOptions = {
    limitBytes: options.bodyLimitBytes,
    arrivingBytes: 0,
    arrivingLimitBytes: Math.max(memory.bodies, options.bodyLimitBytes),
    onRefused: () => refusedWrite("bodies"),
    onGarbage: (bytes) => garbage.made(bytes),
  };
  const firstLoad = Promise.withResolvers<void>();
  let ready = false;
  let isPrepared = false;
  let stopping = false;
  let preparationWait: string | undefined;

  const dataBytes = () => feed.model?.totalBytes ?? 0;
  const freeBytes = () => memory.budget - dataBytes() - queue.bytes - bodies.arrivingBytes;
  const forms = new FormCache(
    () => Math.max(0, Math.min(memory.forms, freeBytes() - open.bytes)),
    (bytes) => garbage.made(bytes),
  );
  const cutAnswers = new CountedWarning(log, "lists were cut off: their clients took them too slowly");
  const lists = {
    cities: List.ofCities(forms),
    forecast: List.ofForecasts(forms, FORECAST_SHAPE),
    weather: List.ofForecasts(forms, WEATHER_SHAPE),
  };
  const open = new OpenAnswers(
    Object.values(lists),
    () => Math.max(memory.answers, freeBytes() - memory.forms),
    () => {
      metrics.cutAnswers.inc();
      cutAnswers.happened();
    },
    (bytes) => garbage.made(bytes),
  );
  const growth = new Growth(memory.door, Math.min(options.bodyLimitBytes, memory.door / 8), dataBytes);

  const metrics: Metrics = createMetrics({
    model: () => feed.model,
    memory: () => ({
      ...(feed.model?.bytes ?? { cities: 0, values: 0, index: 0 }),
      forms: forms.bytes,
      answers: open.bytes,
      bodies: bodies.arrivingBytes,
      queue: queue.bytes,
      garbage: garbage.peakBytes,
    }),
    dataLimitBytes: memory.door,
    isOverBudget: () => feed.isOverBudget,
    ageMs: () => barrier.ageMs,
    reachable: () => barrier.reachable || feed.isOverBudget,
    writeQueueDepth: () => queue.depth,
    writeWaitMs: () => queue.state().waitingMs,
    oldestTransaction: () => feed.sessions?.oldestTransaction,
    build: { version: options.version, commit: options.buildCommit },
  });

  const { database, readTimeoutMs: queryDeadlineMs } = options;
  const feed = new ChangeFeed(
    { database, search, queryDeadlineMs, limits: memory, loadDeadlineMs: LONG_STATEMENT_MS },
    {
      connected: (endpoint, identity) => {
        log.debug({ endpoint, ...identity }, "connected to the primary");
        queue.primaryIs(identity);
      },
      loaded: (model, durationMs, reason) => {
        metrics.modelLoads.inc({ reason });
        metrics.modelLoadSeconds.set(durationMs / 1_000);
        forms.trim();
        const size = { cities: model.cities, values: model.rows };
        log.info({ reason, ...feed.identity, ...size, milliseconds: Math.round(durationMs) }, "data loaded");
      },
      applied: (rows) => {
        metrics.rowsApplied.inc(rows);
        forms.trim();
        open.check();
      },
      worked: (garbageBytes) => garbage.made(garbageBytes),
    },
  );

  const outage = outageLog(log);
  const barrier = new ReadBarrier(
    async () => {
      const refreshed = growth.refreshing();
      await feed.refresh();
      refreshed();
    },
    {
      timeoutMs: options.readTimeoutMs,
      unreachableTimeoutMs: options.unreachableReadTimeoutMs,
      get minIntervalMs() {
        return Math.max(options.barrierIntervalMs, (feed.sessions?.replicas ?? 1) / MAX_CHANGE_QUERIES_PER_MS);
      },
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
        ready = true;
        firstLoad.resolve();
      },
      failed: (error) => {
        metrics.barrierFailures.inc();
        // Until then prepareDatabase logs what it waits for.
        if (!isPrepared) return;
        outage.failed(error);
        if (error instanceof UnservableData && feed.model === undefined) firstLoad.reject(error);
      },
    },
  );

  const queue = new WriteQueue(
    {
      database,
      search,
      capacity: options.writeQueueLimit,
      capacityBytes: memory.queue,
      maxBatch: 500,
      statementDeadlineMs: options.writeStatementMs,
    },
    {
      batch: (kind, writes, durationMs) => {
        if (kind === "canary") return;
        metrics.writeBatch.observe({ kind }, writes);
        metrics.writeSeconds.observe({ kind }, durationMs / 1_000);
      },
      retry: (kind, writes, error) => {
        metrics.writeRetries.inc({ kind }, writes);
        log.warn({ kind, writes, reason: messageOf(error) }, "writes are sent again");
      },
      settled: (kind, outcome, writes) => {
        if (kind !== "canary") metrics.writes.inc({ kind, outcome }, writes);
      },
    },
  );
  const reach = new Reach(options.database.endpoints);
  const sendCanary = () => {
    if (isPrepared) queue.canary(options.canaryIntervalMs, options.writeDeadlineMs);
  };
  const canaries = options.canaryIntervalMs > 0 ? setInterval(sendCanary, options.canaryIntervalMs / 2) : undefined;

  const reader = new Reader(
    feed,
    barrier,
    () => metrics.staleAnswers.inc(),
    () => preparationWait !== undefined,
  );
  const refused = {
    data: new CountedWarning(log, "writes were refused: the data fill this replica's memory", () => ({
      dataBytes: dataBytes(),
      limitBytes: memory.door,
    })),
    queue: new CountedWarning(log, "writes were refused: too many are waiting"),
    bodies: new CountedWarning(log, "writes were refused: too many bodies are arriving"),
  };
  const refusedWrite = (reason: keyof typeof refused) => {
    metrics.refusedWrites.inc({ reason });
    refused[reason].happened();
  };
  const writer = new Writer(queue, feed, barrier, options.writeDeadlineMs, growth, refusedWrite);
  const documents = new Map<OpenApiVersion, string>();
  const routes: Route[] = [
    ...cityRoutes(reader, { ...lists, open }, writer, bodies),
    ...forecastRoutes(reader, { ...lists, open }, writer, bodies),
    ...operationsRoutes({
      ready: () => ready && !stopping && feed.model !== undefined && !feed.isOverBudget,
      waitsFor: () => preparationWait,
      registry: metrics.registry,
      databaseView: () => {
        const writes = queue.state();
        if (writes.waitingMs > LOOK_AFTER_MS) reach.look(writes.waitingMs);
        const confirmedMs = Number.isFinite(barrier.ageMs) ? Math.round(barrier.ageMs) : null;
        return { writes, reads: { confirmedMs }, reach: reach.recent() };
      },
      openApi: (version) => {
        const document = documents.get(version) ?? JSON.stringify(openApiDocument(routes, options.version, version));
        documents.set(version, document);
        return document;
      },
    }),
  ];
  const stopWatching = watchEventLoop(metrics.eventLoopLag);
  const stopCollecting = garbage.watch(() => {
    // Ready forms may have been given up since, which these still hold.
    if (open.size > 0) open.check();
  });

  return {
    app: createApp({ ...options, routes, staticPages: createStaticPages(options.pageFolder), metrics, log }),
    /** Resolves once the model is loaded; waits for a database that is unavailable. Throws what waiting cannot fix. */
    start: async (): Promise<void> => {
      const { sampleData } = options;
      const onWaiting = (description: string | undefined): void => {
        preparationWait = description;
      };
      const preparation = { search, sampleData, deadlineMs: LONG_STATEMENT_MS, stopped: () => stopping, onWaiting };
      await prepareDatabase(database, preparation, log);
      isPrepared = true;
      if (options.isMigrationOnly) return;
      barrier.start();
      await firstLoad.promise;
    },
    /** Turns readiness to 503, so that load balancers send no more requests. */
    unready: (): void => {
      stopping = true;
    },
    /** Waits for accepted writes, at most until `deadline` (performance.now()), and closes the connections. */
    stop: async (deadline: number): Promise<void> => {
      stopping = true;
      stopWatching();
      stopCollecting();
      clearInterval(canaries);
      await queue.close(deadline);
      barrier.close();
      await feed.close();
    },
  };
}

/** Logs the first failure of an outage, a reminder in intervals, and the end. */
function outageLog(log: Log): { failed(error: unknown): void; ended(): void } {
  let since: number | undefined;
  let remind = reminder(REMINDER_INTERVAL_MS);
  return {
    failed: (error) => {
      since ??= performance.now();
      const seconds = Math.round((performance.now() - since) / 1_000);
      const what =
        error instanceof OverBudget
          ? "not ready: this replica cannot hold the primary's data; reads are answered with what it has, marked stale"
          : "the primary is unreachable: reads are answered from memory, marked stale";
      remind(() => log.warn({ reason: messageOf(error), seconds }, what));
    },
    ended: () => {
      if (since === undefined) return;
      log.info({ seconds: (performance.now() - since) / 1_000 }, "the primary is reachable again");
      since = undefined;
      remind = reminder(REMINDER_INTERVAL_MS);
    },
  };
}
