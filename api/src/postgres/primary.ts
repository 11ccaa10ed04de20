import { Connection, type DatabaseConfig, type Endpoint } from "./connection.ts";

/** Distinguishes histories of a database. If any of it changes, everything remembered is invalid. */
export interface DatabaseIdentity {
  readonly systemIdentifier: string;
  readonly timeline: string;
  /**
   * Changes with every start of the server, which may have got an older backup, and with every crash of one of its
   * processes: a crash loses the transactions that were not on disk and gives their numbers to others.
   */
  readonly incarnation: string;
}

export function sameHistory(one: DatabaseIdentity | undefined, other: DatabaseIdentity | undefined): boolean {
  return (
    one?.systemIdentifier === other?.systemIdentifier &&
    one?.timeline === other?.timeline &&
    one?.incarnation === other?.incarnation
  );
}

/** Whether one is a later primary of the same database: each promotion begins a timeline. */
export function replaces(one: DatabaseIdentity, other: DatabaseIdentity): boolean {
  const isLater = Number.parseInt(one.timeline, 16) > Number.parseInt(other.timeline, 16);
  return isLater && one.systemIdentifier === other.systemIdentifier;
}

export interface PrimaryConnection {
  readonly connection: Connection;
  readonly identity: DatabaseIdentity;
}

export interface PrimarySearch {
  readonly applicationName: string;
  /** Of connecting to one endpoint, and of checking it. */
  readonly connectDeadlineMs: number;
  /** How long a silent endpoint delays the next one. */
  readonly staggerMs: number;
  /** Startup settings of the session, as libpq's `options`. */
  readonly settings?: string;
}

/** No endpoint led to a primary; `reasons` has the reason of each. */
export class NoPrimary extends Error {
  constructor(readonly reasons: readonly string[]) {
    super(`no primary reachable: ${reasons.join("; ")}`);
    this.name = "NoPrimary";
  }
}

const IDENTIFY = `
  SELECT pg_is_in_recovery(),
         (SELECT system_identifier FROM pg_control_system()),
         CASE WHEN pg_is_in_recovery() THEN NULL
              ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
         -- Recovery from a crash resets the statistics, even if the postmaster survived.
         concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()),
                        extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()))`;

/** PostgreSQL's message. If its lc_messages is another language, a server that shuts down is asked more often. */
const SHUTTING_DOWN = "the database system is shutting down";
/** A server that shuts down waits for the process of each new connection to end. */
const SHUTDOWN_REST_MS = 250;
/** How long the session with a replica is used to ask again. Behind a proxy, a new one may lead to another server. */
const REPLICA_SESSION_MS = 500;

interface ReplicaSession {
  readonly connection: Connection;
  readonly openedMs: number;
}

/** Finds the primary among the endpoints of a database, again after each failover. One search runs at a time. */
export class PrimaryFinder {
  /** After "is a replica" the next question costs a query instead of a login, and the session survives a promotion. */
  readonly #replicas = new Map<Endpoint, ReplicaSession>();
  readonly #restUntilMs = new Map<Endpoint, number>();

  constructor(
    readonly config: DatabaseConfig,
    readonly search: PrimarySearch,
  ) {}

  /**
   * Connects to the first endpoint that leads to a primary. Endpoints are tried in order, the next one as soon as the last
   * one has failed or was silent for `staggerMs` (as RFC 8305 does for addresses): a dead proxy costs a fraction of a
   * second, not a connect timeout. While one is silent, those that failed are tried again every `staggerMs`: if the
   * primary's machine is lost, its replica may be promoted in the meantime. Throws NoPrimary when all have failed.
   */
  async find(): Promise<PrimaryConnection> {
    const found = await this.#search();
    this.close();
    return found;
  }

  /** Ends the sessions with replicas. */
  close(): void {
    for (const { connection } of this.#replicas.values()) void connection.close();
    this.#replicas.clear();
  }

  #search(): Promise<PrimaryConnection> {
    return new Promise((resolve, reject) => {
      const { endpoints } = this.config;
      const { staggerMs } = this.search;
      const reasons: string[] = [];
      let started = 0;
      let unanswered = 0;
      let settled = false;

      const startNext = (): void => {
        const endpoint = endpoints[started];
        if (settled || endpoint === undefined) return;
        const index = started;
        started += 1;
        const stagger = setTimeout(startNext, staggerMs);
        ask(endpoint, index, () => {
          clearTimeout(stagger);
          startNext();
        });
      };
      const ask = (endpoint: Endpoint, index: number, failed: () => void): void => {
        if (settled) return;
        unanswered += 1;
        this.#identify(endpoint, () => settled).then(
          (found) => {
            if (settled) return found.connection.destroy();
            settled = true;
            resolve(found);
          },
          (error: unknown) => {
            unanswered -= 1;
            reasons[index] =
              `${endpoint.host}:${endpoint.port} ${error instanceof Error ? reasonOf(error) : String(error)}`;
            if (settled) return;
            failed();
            if (unanswered > 0) setTimeout(() => ask(endpoint, index, () => {}), staggerMs);
            else {
              settled = true;
              reject(new NoPrimary(reasons));
            }
          },
        );
      };
      startNext();
    });
  }

  async #identify(endpoint: Endpoint, isOver: () => boolean): Promise<PrimaryConnection> {
    const session = await this.#session(endpoint);
    const { connection } = session;
    try {
      const [row] = await connection.query(IDENTIFY, [], this.search.connectDeadlineMs);
      const [inRecovery, systemIdentifier, timeline, incarnation] = row ?? [];
      if (inRecovery === "f") {
        if (!systemIdentifier || !timeline || !incarnation) throw new Error("returned no system identifier");
        return { connection, identity: { systemIdentifier, timeline, incarnation } };
      }
    } catch (error) {
      connection.destroy();
      throw error;
    }
    if (isOver()) void connection.close();
    else this.#replicas.set(endpoint, session);
    throw new Error("is a replica");
  }

  async #session(endpoint: Endpoint): Promise<ReplicaSession> {
    const nowMs = performance.now();
    const kept = this.#replicas.get(endpoint);
    this.#replicas.delete(endpoint);
    if (kept && !kept.connection.lost && nowMs - kept.openedMs < REPLICA_SESSION_MS) return kept;
    kept?.connection.destroy();
    if (nowMs < (this.#restUntilMs.get(endpoint) ?? 0)) throw new Error(SHUTTING_DOWN);
    const { connectDeadlineMs, applicationName, settings } = this.search;
    try {
      const connection = await Connection.open(this.config, endpoint, {
        deadlineMs: connectDeadlineMs,
        applicationName,
        ...(settings === undefined ? {} : { settings }),
      });
      return { connection, openedMs: performance.now() };
    } catch (error) {
      if (error instanceof Error && error.message === SHUTTING_DOWN)
        this.#restUntilMs.set(endpoint, performance.now() + SHUTDOWN_REST_MS);
      throw error;
    }
  }
}

function reasonOf(error: Error): string {
  const code = (error as { code?: unknown }).code;
  return error.message || (typeof code === "string" ? code : error.name);
}
