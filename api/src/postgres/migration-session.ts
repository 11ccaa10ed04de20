import { setTimeout as delay } from "node:timers/promises";
import { MEBIBYTE } from "../memory/shares.ts";
import { Connection, type DatabaseConfig, type Row } from "./connection.ts";
import { sqlState } from "./failures.ts";
import type { Index, TableLock } from "./migrations.ts";
import { type BlockingSession, sessionsInTheWay } from "./sessions.ts";

/** What a migration waits for. */
export interface Waiting {
  readonly what: string;
  readonly seconds: number;
  readonly sessions: readonly BlockingSession[];
}

/** The lock that a transaction takes before anything else. */
interface LockedTable {
  readonly table?: string;
  readonly lock?: TableLock;
}

export interface MigrationSessionOptions {
  readonly database: DatabaseConfig;
  readonly connectDeadlineMs: number;
  readonly stopped: () => boolean;
  /** Called again and again while something is in the way, and with undefined when it is not any more. */
  readonly onWaiting: (waiting: Waiting | undefined) => void;
  readonly smallTableBytes?: number;
}

/**
 * How long a strong lock is waited for. Everybody who wants the table after us waits behind us for that time, so it is
 * short, and repeated after a pause in which they get their turn.
 */
const STRONG_LOCK_TIMEOUT_MS = 500;
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5_000;

/** Of locks that keep nobody from reading and writing. */
const WEAK_LOCK_TIMEOUT_MS = 10_000;
/** How often another replica that migrates is asked whether it is done. */
const TURN_INTERVAL_MS = 300;
/** How often the server is asked who is in the way; more often than a lock is given up. */
const WATCH_INTERVAL_MS = 200;
const WATCH_DEADLINE_MS = 5_000;
/** The watch ends a statement of a silent server; this is only the timer's largest value. */
const UNLIMITED_MS = 2 ** 31 - 1;
/** A plain index on such a table takes a few tens of milliseconds, in which nobody writes. */
const SMALL_TABLE_BYTES = 4 * MEBIBYTE;

/**
 * The server ends the session soon after its replica died, so that the next one gets its turn. Statements may take long,
 * whatever the role or the database allows. Older servers lack some of these.
 */
const SETTINGS = `
  SELECT set_config(s.name, value, false), pg_backend_pid() FROM pg_settings s JOIN (VALUES
    ('statement_timeout', '0'), ('transaction_timeout', '0'), ('client_connection_check_interval', '2s'), ('jit', 'off'),
    ('lock_timeout', '${WEAK_LOCK_TIMEOUT_MS}ms')) AS wanted (name, value) ON wanted.name = s.name`;

/** LOCK_NOT_AVAILABLE, and a deadlock that was resolved at our expense. */
const TRY_AGAIN: ReadonlySet<string | undefined> = new Set(["55P03", "40P01"]);

/**
 * A session that changes tables which others use. No strong lock is waited for longer than half a second; the weak locks of
 * CREATE INDEX CONCURRENTLY are waited for without a limit, since nobody waits behind them. Meanwhile a second connection asks who is
 * in the way.
 */
export class MigrationSession {
  readonly #connection: Connection;
  readonly #options: MigrationSessionOptions;
  readonly #pid: number;
  #watcher: Connection | undefined;
  #waitingSince: number | undefined;

  private constructor(connection: Connection, pid: number, options: MigrationSessionOptions) {
    this.#connection = connection;
    this.#pid = pid;
    this.#options = options;
  }

  static async on(connection: Connection, options: MigrationSessionOptions): Promise<MigrationSession> {
    const [row] = await connection.query(SETTINGS, [], options.connectDeadlineMs);
    return new MigrationSession(connection, Number(row?.[1]), options);
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection.close(), this.#watcher?.close()]);
  }

  /** A statement that takes no strong lock. */
  query(what: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#watched(what, this.#connection.query(sql, values, UNLIMITED_MS));
  }

  async isTrue(condition: string): Promise<boolean> {
    const [row] = await this.query("a look at the schema", `SELECT coalesce(${condition}, false)`);
    return row?.[0] === "t";
  }

  /**
   * Waits for the advisory lock `key`, which the session holds until it is closed. A statement that waits for a lock has a snapshot,
   * which CREATE INDEX CONCURRENTLY of the holder would wait for: so this one asks again and again.
   *
   * @param isNeeded asked before each attempt; resolves with false once it is not
   */
  async takeTurn(key: number, isNeeded: () => Promise<boolean>): Promise<boolean> {
    while (await isNeeded()) {
      const [row] = await this.query("a turn", `SELECT pg_try_advisory_lock(${key})`);
      if (row?.[0] === "t") {
        this.#goesOn();
        return true;
      }
      const holders = await sessionsInTheWay(this.#connection, { lock: key }, WATCH_DEADLINE_MS);
      this.#waits("another replica migrates", holders);
      await this.#pause(TURN_INTERVAL_MS);
    }
    this.#goesOn();
    return false;
  }

  /** Runs `work` in a transaction, from the start each time a lock was not to be had. */
  async transaction<Result>(what: string, work: () => Promise<Result>, on: LockedTable = {}): Promise<Result> {
    for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(1.5 * pauseMs, MAX_PAUSE_MS)) {
      try {
        const result = await this.#attempt(what, work, on);
        this.#goesOn();
        return result;
      } catch (error) {
        if (!TRY_AGAIN.has(sqlState(error))) throw error;
      }
      // Replicas and retries do not keep in step with a periodic reader.
      await this.#pause(pauseMs * (0.75 + Math.random() / 2));
    }
  }

  async #attempt<Result>(what: string, work: () => Promise<Result>, on: LockedTable): Promise<Result> {
    const { table, lock } = on;
    await this.query(what, "BEGIN");
    try {
      // Keeps nobody waiting, and makes an autovacuum give way, which takes a second.
      if (lock) await this.query(what, `LOCK TABLE public.${table} IN SHARE UPDATE EXCLUSIVE MODE`);
      await this.query(what, `SET LOCAL lock_timeout = ${STRONG_LOCK_TIMEOUT_MS}`);
      if (lock) await this.query(what, `LOCK TABLE public.${table} IN ${lock} MODE`);
      const result = await work();
      await this.query(what, "COMMIT");
      return result;
    } catch (error) {
      if (!this.#connection.lost) await this.query(what, "ROLLBACK").catch(() => this.#connection.destroy());
      throw error;
    }
  }

  /** Creates the index without keeping writers of a big table waiting. */
  async createIndex(what: string, { name, table, unique, on }: Index): Promise<void> {
    const create = (how: string) => `CREATE ${unique ? "UNIQUE " : ""}INDEX ${how} ${name} ON public.${table} ${on}`;
    const smallBytes = this.#options.smallTableBytes ?? SMALL_TABLE_BYTES;
    if (await this.isTrue(`pg_relation_size('public.${table}') <= ${smallBytes}`)) {
      await this.transaction(what, () => this.query(what, create("")), { table, lock: "SHARE" });
    } else await this.online(what, create("CONCURRENTLY"));
  }

  /** Drops what a CREATE INDEX CONCURRENTLY left that was ended in the middle. */
  async dropInvalidIndex(name: string): Promise<void> {
    const isInvalid = `EXISTS (
      SELECT FROM pg_index WHERE indexrelid = to_regclass('public.${name}') AND NOT indisvalid)`;
    if (!(await this.isTrue(isInvalid))) return;
    await this.online(`the removal of the unfinished index ${name}`, `DROP INDEX CONCURRENTLY public.${name}`);
  }

  /** A statement outside of a transaction that nobody waits behind: it waits without a limit. */
  async online(what: string, sql: string): Promise<void> {
    await this.query(what, "SET lock_timeout = 0");
    try {
      await this.query(what, sql);
      this.#goesOn();
    } finally {
      if (!this.#connection.lost) await this.query(what, `SET lock_timeout = ${WEAK_LOCK_TIMEOUT_MS}`);
    }
  }

  async #watched(what: string, statement: Promise<Row[]>): Promise<Row[]> {
    let isRunning = true;
    const end = (): void => {
      isRunning = false;
    };
    const ended = statement.then(end, end);
    for (;;) {
      await Promise.race([ended, delay(WATCH_INTERVAL_MS)]);
      if (!isRunning) return statement;
      if (this.#options.stopped()) this.#connection.destroy();
      else await this.#watch(what);
    }
  }

  async #watch(what: string): Promise<void> {
    try {
      if (!this.#watcher || this.#watcher.lost) {
        this.#watcher = await Connection.open(this.#options.database, this.#connection.endpoint, {
          deadlineMs: this.#options.connectDeadlineMs,
          applicationName: "goldenring migrations watch",
        });
      }
      const sessions = await sessionsInTheWay(this.#watcher, { pid: this.#pid }, WATCH_DEADLINE_MS);
      if (sessions.length > 0) this.#waits(what, sessions);
    } catch (error) {
      // A server that refuses a connection is alive; one that is silent keeps the other connection waiting for ever.
      if (sqlState(error) === undefined) this.#connection.destroy();
    }
  }

  async #pause(durationMs: number): Promise<void> {
    const end = performance.now() + durationMs;
    while (performance.now() < end) {
      if (this.#options.stopped()) throw new Error("the service stops");
      await delay(Math.max(0, Math.min(100, end - performance.now())));
    }
  }

  #waits(what: string, sessions: readonly BlockingSession[]): void {
    this.#waitingSince ??= performance.now();
    this.#options.onWaiting({ what, seconds: (performance.now() - this.#waitingSince) / 1_000, sessions });
  }

  #goesOn(): void {
    if (this.#waitingSince === undefined) return;
    this.#waitingSince = undefined;
    this.#options.onWaiting(undefined);
  }
}
