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
import { CITY_JSON, FORECAST_JSON } from "../postgres/wire-json.ts";
import { BLOCK_COLUMNS, exactId, parseBlock } from "./blocks.ts";
import { type LoadLimits, loadModel } from "./load.ts";

/** What the feed tells those who watch it: the log and the metrics. */
export interface FeedEvents {
  connected(endpoint: string, identity: DatabaseIdentity): void;
  loaded(model: ReadModel, milliseconds: number, why: string): void;
  /** @param bytes of JSON */
  applied(rows: number, bytes: number): void;
}

export interface FeedOptions {
  readonly database: DatabaseConfig;
  readonly search: Omit<PrimarySearch, "applicationName" | "settings">;
  /** Bound on one change query, ms. */
  readonly queryDeadlineMs: number;
  readonly load: LoadLimits;
}

/** More changed rows than this at once are cheaper, and bounded in memory, as a reload. */
const LARGEST_DELTA = 20_000;

/**
 * A statement of a reload may take this many times as long as the whole load before, and 5 s at least: from then on the
 * server counts as silent, and the search for a primary begins anew.
 */
const RELOAD_PATIENCE = 5;
const LEAST_RELOAD_PATIENCE_MS = 5_000;

/**
 * Without statistics the planner would read whole tables for a delta, and would plan each one anew. The bounds end a
 * session whose client is gone while it holds a snapshot.
 */
const SESSION_SETTINGS =
  "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c jit=off -c default_transaction_read_only=on " +
  "-c idle_in_transaction_session_timeout=10000 -c statement_timeout=120000";

/**
 * The rows that became visible after snapshot $1, and the snapshot they bring us to; the first row always comes. A row
 * counts as new if its writer was not visible in $1, which leaves no gap whatever order transactions commit in;
 * `version >= xmin` makes that an index range. Nothing is looked up while the snapshot is unchanged. Values come as one
 * block for each city: many small rows would cost four times as much to take in.
 */
const CHANGES: Statement = {
  name: "changes",
  text: `
    SELECT 's', pg_current_snapshot()::text, (SELECT epoch FROM public.weather_epoch)::text, NULL, NULL, NULL
    UNION ALL
    SELECT 'c', id::text, NULL, NULL, NULL, json FROM (
      SELECT id, ${CITY_JSON} AS json FROM public.cities
      WHERE pg_current_snapshot()::text <> $1 AND version >= pg_snapshot_xmin($1::pg_snapshot)
        AND NOT pg_visible_in_snapshot(version, $1::pg_snapshot)
      LIMIT ${LARGEST_DELTA + 1}) c
    UNION ALL
    SELECT 'f', city, ${BLOCK_COLUMNS} FROM (
      SELECT id, coalesce("cityId", 0)::text AS city, coalesce("dateTime", 0)::bigint AS "dateTime", ${FORECAST_JSON} AS json
      FROM public.forecast
      WHERE pg_current_snapshot()::text <> $1 AND version >= pg_snapshot_xmin($1::pg_snapshot)
        AND NOT pg_visible_in_snapshot(version, $1::pg_snapshot)
      LIMIT ${LARGEST_DELTA + 1}) f
    GROUP BY city`,
};

/**
 * Keeps the read model equal to the primary's rows. `refresh` brings it up to a moment after the call; callers run one
 * refresh at a time (the read barrier does). The model is replaced as a whole when its history ended: another system
 * identifier or timeline (a failover), or deleted rows.
 */
export class ChangeFeed {
  readonly #changes = new Repeated(CHANGES);
  #connection: Connection | undefined;
  #identity: DatabaseIdentity | undefined;
  #model: ReadModel | undefined;
  #modelFrom: DatabaseIdentity | undefined;
  #snapshot = "";
  #epoch = "";
  #reloadPatienceMs = Number.POSITIVE_INFINITY;

  constructor(
    readonly options: FeedOptions,
    readonly events: FeedEvents,
  ) {}

  /** The rows as of the last refresh; undefined before the first load. */
  get model(): ReadModel | undefined {
    return this.#model;
  }

  /** The pg_snapshot up to which the model holds every change. */
  get snapshot(): string {
    return this.#snapshot;
  }

  /** Which history of the database the last connection led to. */
  get identity(): DatabaseIdentity | undefined {
    return this.#identity;
  }

  /**
   * Throws what kept it from the primary; the connection is closed then, and the next call looks for a primary anew. A
   * connection that turns out to be broken says nothing about the primary (a proxy may have restarted): one fresh
   * connection is tried before giving up. A silent one does, and its deadline is spent.
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

  async #load(connection: Connection, why: string): Promise<void> {
    const started = performance.now();
    const deadlineMs = Math.min(this.options.load.deadlineMs, this.#reloadPatienceMs);
    const loaded = await loadModel(connection, { ...this.options.load, deadlineMs }, this.#model).catch((error) => {
      // The data may have grown since.
      if (error instanceof QueryTimeout) this.#reloadPatienceMs *= 2;
      throw error;
    });
    const milliseconds = performance.now() - started;
    this.#reloadPatienceMs = Math.max(LEAST_RELOAD_PATIENCE_MS, RELOAD_PATIENCE * milliseconds);
    this.#model = loaded.model;
    this.#modelFrom = this.#identity;
    this.#snapshot = loaded.snapshot;
    this.#epoch = loaded.epoch;
    this.events.loaded(loaded.model, milliseconds, why);
  }

  async #applyChanges(connection: Connection, model: ReadModel): Promise<void> {
    const [state, ...changes] = await connection.repeat(this.#changes, [this.#snapshot], this.options.queryDeadlineMs);
    const [, snapshot, epoch] = state ?? [];
    if (!snapshot) throw new Error("the change query did not say its snapshot");
    if (epoch !== this.#epoch) return this.#load(connection, "rows were deleted");
    const { cities, values, rows, bytes } = parseChanges(changes);
    if (rows > LARGEST_DELTA) return this.#load(connection, "many rows changed");
    for (const city of cities) model.putCity(city);
    for (const { cityId, block } of values) model.putForecasts(cityId, block);
    this.#snapshot = snapshot;
    if (rows > 0) this.events.applied(rows, bytes);
  }
}

interface Changes {
  readonly cities: readonly City[];
  /** For each city the values that are new or changed. */
  readonly values: readonly { readonly cityId: number; readonly block: Block }[];
  readonly rows: number;
  /** Of JSON. */
  readonly bytes: number;
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
  const bytes = jsons.reduce((sum, json) => sum + json.length, 0);
  return { cities, values, rows, bytes };
}
