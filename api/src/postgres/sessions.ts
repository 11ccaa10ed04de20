import type { Connection, Row, Statement } from "./connection.ts";

/** A session of the server whose transaction others wait for. Its statements are not read: they may hold secrets. */
export type BlockingSession = ReturnType<typeof sessionOf>;

/** Other roles' rows lack xact_start and state unless this role has pg_read_all_stats. */
const COLUMNS = `pid, extract(epoch FROM clock_timestamp() - xact_start), state, application_name, usename`;

const BLOCKING = `
  SELECT 0, NULL, NULL, NULL, NULL WHERE 0 = ANY (pg_blocking_pids($1))
  UNION ALL
  SELECT * FROM (
    SELECT ${COLUMNS} FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids($1)) ORDER BY xact_start LIMIT 5) b`;

const LOCK_HOLDER = `
  SELECT ${COLUMNS} FROM pg_stat_activity WHERE pid IN (
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = 0 AND objid = $1 AND objsubid = 1)`;

/**
 * Who keeps a session waiting, given by its pid, the oldest transaction first; or who holds an advisory lock, given by its
 * key of 32 bits.
 */
export async function sessionsInTheWay(
  connection: Connection,
  of: { readonly pid: number } | { readonly lock: number },
  deadlineMs: number,
): Promise<BlockingSession[]> {
  const [sql, value] = "pid" in of ? [BLOCKING, of.pid] : [LOCK_HOLDER, of.lock];
  return (await connection.query(sql, [value], deadlineMs)).map(sessionOf);
}

/** Without user and application: readiness is read by strangers. */
export function describeSession({ pid, ageSeconds, state }: BlockingSession): string {
  if (pid === undefined) return "a prepared transaction (pg_prepared_xacts)";
  const age = ageSeconds === undefined ? "of unknown age" : `open for ${Math.round(ageSeconds)} s`;
  return `the transaction of pid ${pid} (${age}${state === undefined ? "" : `, ${state}`})`;
}

function sessionOf([pid, age, state, application, user]: Row) {
  return {
    /** Undefined for a prepared transaction, which belongs to no session. */
    pid: pid === "0" ? undefined : Number(pid),
    /** Of its transaction; undefined if this role may not see it (pg_read_all_stats). */
    ageSeconds: age === null || age === undefined ? undefined : Math.max(0, Number(age)),
    /** As in pg_stat_activity, such as `idle in transaction`. */
    state: state ?? undefined,
    application: application ?? undefined,
    user: user ?? undefined,
  };
}

/** The transaction that has been open longest, on the whole server. */
export interface OldestTransaction {
  /** "prepared" for a prepared transaction. */
  readonly pid: string;
  readonly ageSeconds: number;
}

/**
 * Of the transactions whose start this role may see the oldest; of the others the one with the oldest snapshot or number,
 * which holds back the removal of old rows; of prepared transactions the oldest.
 */
const OLDEST: Statement = {
  name: "oldest transaction",
  text: `
    (SELECT pid::text, extract(epoch FROM clock_timestamp() - xact_start), '' FROM pg_stat_activity
     WHERE xact_start IS NOT NULL AND usesysid IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1)
    UNION ALL
    (SELECT pid::text, NULL, coalesce(backend_xid, backend_xmin)::text FROM pg_stat_activity
     WHERE xact_start IS NULL AND usesysid IS NOT NULL AND datid IS NOT NULL AND coalesce(backend_xid, backend_xmin) IS NOT NULL
     ORDER BY greatest(age(backend_xid), age(backend_xmin)) DESC LIMIT 1)
    UNION ALL
    (SELECT 'prepared', extract(epoch FROM clock_timestamp() - prepared), '' FROM pg_prepared_xacts ORDER BY prepared LIMIT 1)`,
};

/** Sessions of the same database with the same application_name as this one, itself included. */
const SAME_APPLICATION: Statement = {
  name: "same application",
  text: `
    SELECT count(*) FROM pg_stat_activity WHERE application_name = current_setting('application_name')
      AND datid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
};

export type ServerSessions = Awaited<ReturnType<SessionWatch["look"]>>;

/** Looks at the server's sessions. Where a transaction's start is hidden, its age counts from the first look. */
export class SessionWatch {
  #hidden: { readonly key: string; readonly sinceMs: number } | undefined;

  /** @returns its `replicas`: how many read from this database */
  async look(connection: Connection, deadlineMs: number) {
    const oldest = await connection.query(OLDEST, [], deadlineMs);
    const [count] = await connection.query(SAME_APPLICATION, [], deadlineMs);
    return { oldestTransaction: this.oldestOf(oldest, performance.now()), replicas: Number(count?.[0] ?? 1) };
  }

  /** @param rows pid, age in seconds or null, and what tells a transaction with a hidden start from the pid's next one */
  oldestOf(rows: readonly Row[], nowMs: number): OldestTransaction | undefined {
    let oldest: OldestTransaction | undefined;
    let hidden: { readonly key: string; readonly sinceMs: number } | undefined;
    for (const [pid, age, xid] of rows) {
      if (age === null || age === undefined) {
        const key = `${pid} ${xid}`;
        hidden = this.#hidden?.key === key ? this.#hidden : { key, sinceMs: nowMs };
      }
      const ageSeconds = hidden && age === null ? (nowMs - hidden.sinceMs) / 1_000 : Number(age);
      if (!oldest || ageSeconds > oldest.ageSeconds) oldest = { pid: pid ?? "", ageSeconds };
    }
    this.#hidden = hidden;
    return oldest;
  }
}
