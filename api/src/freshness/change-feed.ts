import type { Block } from "../model/block.ts";
import type { City, ReadModel } from "../model/read-model.ts";
import {
  type Connection,
  type DatabaseConfig,
  QueryTimeout,
  Repeated,
  type Row,
  type Statement,
} from "../postgres/connection.ts";
import { classifyFailure } from "../postgres/failures.ts";
import { connectToPrimary, type DatabaseIdentity, type PrimarySearch, sameHistory } from "../postgres/primary.ts";
import { type OldestTransaction, TransactionWatch } from "../postgres/sessions.ts";
import { BLOCK_COLUMNS, CITY_JSON, exactId, FORECAST_JSON, parseBlock } from "./blocks.ts";
import { changedRowsOf, changedTransactions } from "./changed-rows.ts";
import { type LoadLimits, loadModel } from "./load.ts";

/** Events for the log and the metrics. */
export interface FeedEvents {
  connected(endpoint: string, identity: DatabaseIdentity): void;
  loaded(model: ReadModel, durationMs: number, reason: string): void;
  applied(rows: number, jsonBytes: number): void;
}

export interface FeedOptions {
  readonly database: DatabaseConfig;
  readonly search: Omit<PrimarySearch, "applicationName" | "settings">;
  /** Of one change query. */
  readonly queryDeadlineMs: number;
  readonly load: LoadLimits;
}

/** With more changed rows than this, a reload is cheaper and its memory is bounded. */
const MAX_CHANGED_ROWS = 20_000;

/** How often the server is asked for its oldest transaction. */
const TRANSACTION_WATCH_INTERVAL_MS = 10_000;

/**
 * A statement of a reload may take this many times as long as the last whole load, and at least 5 s. After that the
 * server counts as silent, and the search for a primary restarts.
 */
const RELOAD_DEADLINE_FACTOR = 5;
const MIN_RELOAD_DEADLINE_MS = 5_000;

/**
 * Without statistics the planner would read whole tables for a few changes, and would plan each query again. The timeouts
 * end a session that holds a snapshot although its client is gone.
 */
const SESSION_SETTINGS =
  "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c jit=off -c default_transaction_read_only=on " +
  "-c idle_in_transaction_session_timeout=10000 -c statement_timeout=120000";

/**
 * The snapshot and the epoch. While both are unchanged, so are all rows: this costs the primary less than half of CHANGES, and most
 * refreshes find nothing.
 */
const STATE: Statement = {
  name: "state",
  text: "SELECT pg_current_snapshot()::text, (SELECT epoch FROM public.weather_epoch)::text",
};

/**
 * The new snapshot, always the first row, and the rows that became visible since snapshot $1, which leaves no gap in whatever
 * order transactions commit, and returns none twice. Values come as one block per city: many small rows would cost four times as
 * much to read.
 */
const CHANGES: Statement = {
  name: "changes",
  text: `
    WITH ${changedTransactions("$1::pg_snapshot", "pg_current_snapshot()")}
    SELECT 's', pg_current_snapshot()::text, (SELECT epoch FROM public.weather_epoch)::text, NULL, NULL, NULL
    UNION ALL
    SELECT 'c', id::text, NULL, NULL, NULL, ${CITY_JSON} FROM ${changedRowsOf("cities", MAX_CHANGED_ROWS + 1)}
    UNION ALL
    SELECT 'f', city, ${BLOCK_COLUMNS} FROM (
      SELECT id, coalesce("cityId", 0)::text AS city, coalesce("dateTime", 0)::bigint AS "dateTime", ${FORECAST_JSON} AS json
      FROM ${changedRowsOf("forecast", MAX_CHANGED_ROWS + 1)}) f
    GROUP BY city`,
};

/**
 * Keeps the read model equal to the primary's rows. After `refresh` it holds every change committed before the call.
 * Callers run one refresh at a time, as the read barrier does. The model is replaced as a whole after a failover (another
 * system identifier or timeline) and when rows were deleted.
 */
export class ChangeFeed {
  readonly #state = new Repeated(STATE);
  readonly #changes = new Repeated(CHANGES);
  #connection: Connection | undefined;
  #identity: DatabaseIdentity | undefined;
  #model: ReadModel | undefined;
  #modelFrom: DatabaseIdentity | undefined;
  #snapshot = "";
  #epoch = "";
  /** Whether the last refresh found another snapshot: then the next one probably does, too. */
  #isChanging = false;
  readonly #watch = new TransactionWatch();
  #watchedAt = Number.NEGATIVE_INFINITY;
  #oldestTransaction: OldestTransaction | undefined;
  #reloadDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(
    readonly options: FeedOptions,
    readonly events: FeedEvents,
  ) {}

  /** The rows as of the last refresh; undefined before the first load. */
  get model(): ReadModel | undefined {
    return this.#model;
  }

  /** The pg_snapshot whose changes the model holds, all of them. */
  get snapshot(): string {
    return this.#snapshot;
  }

  /** The history of the database that the last connection led to. */
  get identity(): DatabaseIdentity | undefined {
    return this.#identity;
  }

  /** The transaction of the primary's server that was open longest at the last look; undefined if the look is too old. */
  get oldestTransaction(): OldestTransaction | undefined {
    const isRecent = performance.now() - this.#watchedAt < 3 * TRANSACTION_WATCH_INTERVAL_MS;
    return isRecent ? this.#oldestTransaction : undefined;
  }

  /**
   * Throws the reason if the primary was not reached; the connection is closed then, and the next call searches for a
   * primary again. A broken connection says nothing about the primary (a proxy may have restarted), so one new connection
   * is tried. A silent connection has used up the deadline already.
   */
  async refresh(): Promise<void> {
    const reused = this.#connection;
    try {
      await this.#refreshOnce();
    } catch (error) {
      if (!reused || error instanceof QueryTimeout || classifyFailure(error) !== "retry") throw error;
      await this.#refreshOnce();
    }
  }

  async #refreshOnce(): Promise<void> {
    try {
      const connection = await this.#connected();
      if (!this.#model) await this.#load(connection, "first load");
      else if (sameHistory(this.#modelFrom, this.#identity)) await this.#applyChanges(connection, this.#model);
      else await this.#load(connection, "the database's history changed");
      this.#watchTransactions(connection);
    } catch (error) {
      this.#connection?.destroy();
      this.#connection = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#connection?.close();
    this.#connection = undefined;
  }

  async #connected(): Promise<Connection> {
    if (this.#connection && !this.#connection.lost) return this.#connection;
    const { connection, identity } = await connectToPrimary(this.options.database, {
      ...this.options.search,
      applicationName: "goldenring reads",
      settings: SESSION_SETTINGS,
    });
    this.#connection = connection;
    this.#identity = identity;
    this.events.connected(`${connection.endpoint.host}:${connection.endpoint.port}`, identity);
    return connection;
  }

  async #load(connection: Connection, reason: string): Promise<void> {
    const started = performance.now();
    const deadlineMs = Math.min(this.options.load.deadlineMs, this.#reloadDeadlineMs);
    const loaded = await loadModel(connection, { ...this.options.load, deadlineMs }, this.#model).catch((error) => {
      // The data may have grown since.
      if (error instanceof QueryTimeout) this.#reloadDeadlineMs *= 2;
      throw error;
    });
    const durationMs = performance.now() - started;
    this.#reloadDeadlineMs = Math.max(MIN_RELOAD_DEADLINE_MS, RELOAD_DEADLINE_FACTOR * durationMs);
    this.#model = loaded.model;
    this.#modelFrom = this.#identity;
    this.#snapshot = loaded.snapshot;
    this.#epoch = loaded.epoch;
    this.events.loaded(loaded.model, durationMs, reason);
  }

  async #applyChanges(connection: Connection, model: ReadModel): Promise<void> {
    if (!this.#isChanging && (await this.#isUnchanged(connection))) return;
    const [state, ...changes] = await connection.repeat(this.#changes, [this.#snapshot], this.options.queryDeadlineMs);
    const [, snapshot, epoch] = state ?? [];
    if (!snapshot) throw new Error("the change query returned no snapshot");
    this.#isChanging = snapshot !== this.#snapshot;
    if (epoch !== this.#epoch) return this.#load(connection, "rows were deleted");
    const { cities, values, rows, jsonBytes } = parseChanges(changes);
    if (rows > MAX_CHANGED_ROWS) return this.#load(connection, "many rows changed");
    for (const city of cities) model.putCity(city);
    for (const { cityId, block } of values) model.putForecasts(cityId, block);
    this.#snapshot = snapshot;
    if (rows > 0) this.events.applied(rows, jsonBytes);
  }

  /** The refresh does not wait for it. */
  #watchTransactions(connection: Connection): void {
    const now = performance.now();
    if (now - this.#watchedAt < TRANSACTION_WATCH_INTERVAL_MS) return;
    this.#watchedAt = now;
    this.#watch.oldest(connection, this.options.queryDeadlineMs).then(
      (oldest) => {
        this.#oldestTransaction = oldest;
      },
      () => {
        this.#oldestTransaction = undefined;
      },
    );
  }

  async #isUnchanged(connection: Connection): Promise<boolean> {
    const [state] = await connection.repeat(this.#state, [], this.options.queryDeadlineMs);
    return state?.[0] === this.#snapshot && state[1] === this.#epoch;
  }
}

interface Changes {
  readonly cities: readonly City[];
  /** The new and changed values of each city. */
  readonly values: readonly { readonly cityId: number; readonly block: Block }[];
  readonly rows: number;
  readonly jsonBytes: number;
}

function parseChanges(changes: readonly Row[]): Changes {
  const cities: City[] = [];
  const values: { cityId: number; block: Block }[] = [];
  for (const [kind, id, ...columns] of changes) {
    if (kind === "c") cities.push({ id: exactId(id), json: Buffer.from(columns[3] ?? "") });
    else {
      const block = parseBlock(columns);
      values.push({ cityId: exactId(id), block });
    }
  }
  const rows = values.reduce((sum, { block }) => sum + block.rows, cities.length);
  const jsons = [...cities.map(({ json }) => json), ...values.map(({ block }) => block.json)];
  const jsonBytes = jsons.reduce((sum, json) => sum + json.length, 0);
  return { cities, values, rows, jsonBytes };
}
