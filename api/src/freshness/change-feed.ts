import { setTimeout as delay } from "node:timers/promises";
import type { Block } from "../model/block.ts";
import type { ReadModel } from "../model/read-model.ts";
import { type Connection, type DatabaseConfig, QueryTimeout, type Statement } from "../postgres/connection.ts";
import { classifyFailure } from "../postgres/failures.ts";
import { requireMigrated } from "../postgres/migrate.ts";
import {
  type DatabaseIdentity,
  type PrimaryConnection,
  PrimaryFinder,
  type PrimarySearch,
  replaces,
  sameHistory,
} from "../postgres/primary.ts";
import { type ServerSessions, SessionWatch } from "../postgres/sessions.ts";
import { BLOCK_COLUMNS, entries, parseBlock } from "./blocks.ts";
import { changedRowsOf, changedTransactions } from "./changed-rows.ts";
import { type DataLimits, GARBAGE_PER_BYTE, type Loaded, loadModel, OverBudget } from "./load.ts";

/** Events for the log and the metrics. */
export interface FeedEvents {
  connected(endpoint: string, identity: DatabaseIdentity): void;
  loaded(model: ReadModel, durationMs: number, reason: string): void;
  applied(rows: number): void;
  /** Reading and applying rows left so much garbage. */
  worked(garbageBytes: number): void;
}

export interface FeedOptions {
  readonly database: DatabaseConfig;
  readonly search: Omit<PrimarySearch, "applicationName" | "settings">;
  /** Of one change query. */
  readonly queryDeadlineMs: number;
  readonly limits: DataLimits;
  /** Of each statement of a load. */
  readonly loadDeadlineMs: number;
}

/** With more changes than this, a reload is cheaper and its memory is bounded. */
const MAX_CHANGED_ROWS = 20_000;
/** Of PAGE_BYTES each. */
const MAX_CHANGED_PAGES = 64;
const PAGE_BYTES = 65_536;

/**
 * A primary that does not answer for so long may have lost its power: then another one is looked for while its answer is waited for. Longer than change
 * queries take on a busy server, and than a cgroup stops this process.
 */
const SILENCE_MS = 200;

/** How often the database is asked again whether its data fit. */
const OVER_BUDGET_PAUSE_MS = 5_000;

/** How often the server is asked for its sessions. */
const SESSION_WATCH_INTERVAL_MS = 10_000;

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
  isRepeated: true,
  text: "SELECT pg_current_snapshot()::text, (SELECT epoch FROM public.weather_epoch)::text",
};

/**
 * The new snapshot, always the first row, and the rows that became visible since snapshot $1, which leaves no gap in whatever
 * order transactions commit, and returns none twice. Rows come in pages: many small rows would cost four times as much to read. The
 * pages beyond the last allowed one are left out.
 */
const CHANGES: Statement = {
  name: "changes",
  isRepeated: true,
  text: `
    WITH ${changedTransactions("$1::pg_snapshot", "pg_current_snapshot()")}
    SELECT NULL::bigint, pg_current_snapshot()::text, (SELECT epoch FROM public.weather_epoch)::text, NULL, NULL, NULL
    UNION ALL
    SELECT page, ${BLOCK_COLUMNS} FROM (
      SELECT *, sum(octet_length(json)) OVER (ORDER BY city, id ROWS UNBOUNDED PRECEDING) / ${PAGE_BYTES} AS page
      FROM (${entries(
        changedRowsOf("cities", MAX_CHANGED_ROWS + 1),
        changedRowsOf("forecast", MAX_CHANGED_ROWS + 1),
      )}) changed_entries) numbered
    WHERE page <= ${MAX_CHANGED_PAGES}
    GROUP BY page`,
};

/**
 * Keeps the read model equal to the primary's rows. After `refresh` it holds every change committed before the call.
 * Callers run one refresh at a time, as the read barrier does. The model is replaced as a whole after a failover (another
 * system identifier or timeline) and when rows were deleted.
 */
export class ChangeFeed {
  readonly #finder: PrimaryFinder;
  /** Searches while the connection waits for an answer. */
  readonly #successors: PrimaryFinder;
  #connection: Connection | undefined;
  #identity: DatabaseIdentity | undefined;
  #loaded: (Loaded & { readonly from: DatabaseIdentity | undefined }) | undefined;
  /** Whether the last refresh found another snapshot: then the next one probably does, too. */
  #isChanging = false;
  readonly #watch = new SessionWatch();
  #watchedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #sessions: ServerSessions | undefined;
  #reloadDeadlineMs = Number.POSITIVE_INFINITY;
  #overBudget: { readonly error: OverBudget; readonly untilMs: number } | undefined;

  constructor(
    readonly options: FeedOptions,
    readonly events: FeedEvents,
  ) {
    const search = { ...options.search, applicationName: "goldenring reads", settings: SESSION_SETTINGS };
    this.#finder = new PrimaryFinder(options.database, search);
    this.#successors = new PrimaryFinder(options.database, search);
  }

  /** The rows as of the last refresh; undefined before the first load. */
  get model(): ReadModel | undefined {
    return this.#loaded?.model;
  }

  /** The pg_snapshot whose changes the model holds, all of them. */
  get snapshot(): string {
    return this.#loaded?.snapshot ?? "";
  }

  /** Whether the primary has more data than this process may hold: the model then stays as it is. */
  get isOverBudget(): boolean {
    return this.#overBudget !== undefined;
  }

  /** The history of the database that the last connection led to. */
  get identity(): DatabaseIdentity | undefined {
    return this.#identity;
  }

  /** The sessions of the primary's server at the last look; undefined if that is too long ago. */
  get sessions(): ServerSessions | undefined {
    const isRecent = performance.now() - this.#watchedAt < 3 * SESSION_WATCH_INTERVAL_MS;
    return isRecent ? this.#sessions : undefined;
  }

  /**
   * Throws the reason if the primary was not reached; the connection is closed then, and the next call searches for a
   * primary again. A broken connection says nothing about the primary (a proxy may have restarted), so one new connection
   * is tried. A silent connection has used up the deadline already. Throws OverBudget while the data do not fit.
   */
  async refresh(): Promise<void> {
    if (this.#overBudget && performance.now() < this.#overBudget.untilMs) throw this.#overBudget.error;
    const isReused = this.#connection !== undefined;
    try {
      await this.#refreshOnce().catch((error) => {
        const isFinal = error instanceof OverBudget || error instanceof QueryTimeout;
        if (!isReused || isFinal || classifyFailure(error) !== "retry") throw error;
        return this.#refreshOnce();
      });
      this.#overBudget = undefined;
    } catch (error) {
      if (error instanceof OverBudget) this.#overBudget = { error, untilMs: performance.now() + OVER_BUDGET_PAUSE_MS };
      throw error;
    }
  }

  async #refreshOnce(): Promise<void> {
    await this.#looking;
    let connection: Connection | undefined;
    try {
      connection = await this.#connected();
      if (!this.#loaded) await this.#load(connection, "first load");
      else if (sameHistory(this.#loaded.from, this.#identity)) await this.#applyChanges(connection, this.#loaded);
      else await this.#load(connection, "the database's history changed");
      this.#watchSessions(connection);
    } catch (error) {
      connection?.destroy();
      if (this.#connection === connection) this.#connection = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#finder.close();
    this.#successors.close();
    await this.#connection?.close();
    this.#connection = undefined;
  }

  async #connected(): Promise<Connection> {
    if (this.#connection && !this.#connection.lost) return this.#connection;
    return this.#use(await this.#finder.find());
  }

  #use({ connection, identity }: PrimaryConnection): Connection {
    this.#connection = connection;
    this.#identity = identity;
    this.events.connected(`${connection.endpoint.host}:${connection.endpoint.port}`, identity);
    return connection;
  }

  /** The answer of the primary. Rejects at the deadline, and as soon as a silent primary has been replaced by another one. */
  async #ask(connection: Connection, statement: Statement, values: readonly unknown[]) {
    let isWaiting = true;
    // After a pause of this process the timer is due before an answer that arrived long ago is read.
    const silence = setTimeout(
      () => setImmediate(() => isWaiting && this.#replaceSilent(connection, () => isWaiting)),
      SILENCE_MS,
    );
    try {
      return await connection.query(statement, values, this.options.queryDeadlineMs);
    } finally {
      isWaiting = false;
      clearTimeout(silence);
    }
  }

  async #replaceSilent(silent: Connection, isWaiting: () => boolean): Promise<void> {
    while (isWaiting()) {
      const found = await this.#successors.find().catch(() => undefined);
      if (found && isWaiting() && this.#identity && replaces(found.identity, this.#identity)) {
        this.#use(found);
        return silent.destroy();
      }
      void found?.connection.close();
      // The primary lives, and is slow.
      if (found) return;
      await delay(this.options.search.staggerMs);
    }
  }

  async #load(connection: Connection, reason: string): Promise<void> {
    const started = performance.now();
    const deadlineMs = Math.min(this.options.loadDeadlineMs, this.#reloadDeadlineMs);
    await requireMigrated(connection, deadlineMs);
    const loaded = await loadModel(connection, {
      ...this.options.limits,
      deadlineMs,
      previous: this.model,
      forgetPrevious: () => {
        this.#loaded = undefined;
      },
      worked: this.events.worked,
    }).catch((error) => {
      // The data may have grown since.
      if (error instanceof QueryTimeout) this.#reloadDeadlineMs *= 2;
      throw error;
    });
    const durationMs = performance.now() - started;
    this.#reloadDeadlineMs = Math.max(MIN_RELOAD_DEADLINE_MS, RELOAD_DEADLINE_FACTOR * durationMs);
    if (this.model) loaded.model.replace(this.model);
    this.#loaded = { ...loaded, from: this.#identity };
    this.events.loaded(loaded.model, durationMs, reason);
  }

  async #applyChanges(connection: Connection, loaded: Loaded): Promise<void> {
    const { model } = loaded;
    if (!this.#isChanging && (await this.#isUnchanged(connection, loaded))) return;
    const [state, ...changes] = await this.#ask(connection, CHANGES, [loaded.snapshot]);
    const [, snapshot, epoch] = state ?? [];
    if (!snapshot) throw new Error("the change query returned no snapshot");
    this.#isChanging = snapshot !== loaded.snapshot;
    if (epoch !== loaded.epoch) return this.#load(connection, "rows were deleted");
    const isCut = changes.some(([page]) => Number(page) >= MAX_CHANGED_PAGES);
    const blocks = isCut ? [] : changes.map(([, ...columns]) => parseBlock(columns));
    const rows = blocks.reduce((sum, { length }) => sum + length, 0);
    if (isCut || rows > MAX_CHANGED_ROWS) return this.#load(connection, "many rows changed");
    this.#requireRoom(model, blocks);
    const replacedBefore = model.replacedBytes;
    for (const block of blocks) model.put(block);
    loaded.snapshot = snapshot;
    if (rows === 0) return;
    const jsonBytes = blocks.reduce((sum, { json }) => sum + json.length, 0);
    this.events.worked(GARBAGE_PER_BYTE * jsonBytes + model.replacedBytes - replacedBefore);
    this.events.applied(rows);
  }

  /** Throws OverBudget. */
  #requireRoom(model: ReadModel, blocks: readonly Block[]): void {
    const { data } = this.options.limits;
    const upperBound = blocks.reduce((sum, { heldBytes }) => sum + heldBytes, model.totalBytes);
    if (upperBound <= data) return;
    const bytes = blocks.reduce((sum, block) => sum + model.growthBy(block), model.totalBytes);
    if (bytes > data && bytes > model.totalBytes) throw new OverBudget(model.rows, bytes, this.options.limits);
  }

  /** This refresh does not wait for it, but the next one does: a connection has one query at a time. */
  #watchSessions(connection: Connection): void {
    const now = performance.now();
    if (now - this.#watchedAt < SESSION_WATCH_INTERVAL_MS) return;
    this.#watchedAt = now;
    this.#looking = this.#watch.look(connection, this.options.queryDeadlineMs).then(
      (sessions) => {
        this.#sessions = sessions;
      },
      () => {
        this.#sessions = undefined;
      },
    );
  }

  async #isUnchanged(connection: Connection, { snapshot, epoch }: Loaded): Promise<boolean> {
    const [state] = await this.#ask(connection, STATE, []);
    return state?.[0] === snapshot && state[1] === epoch;
  }
}
