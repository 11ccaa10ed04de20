import type { Connection } from "./connection.ts";
import { sqlState } from "./failures.ts";
import type { MigrationSession } from "./migration-session.ts";
import { type Index, MIGRATIONS, REFUSALS, type Step } from "./migrations.ts";

/** The database cannot be used as it is, and waiting does not help: it is newer than this build, or rows share an id. */
export class UnusableDatabase extends Error {
  override readonly name = "UnusableDatabase";
}

export interface MigrateOptions {
  /** Runs in a transaction, once for all replicas, if both tables are empty. */
  readonly seed?: () => Promise<void>;
  readonly onApplied?: (title: string) => void;
  /** Called before each step that is due. */
  readonly onStep?: (step: Step) => Promise<void> | void;
}

/** An arbitrary key: replicas that start together hold this lock one after the other. */
const MIGRATION_LOCK = 7_204_511;

const UNIQUE_VIOLATION = "23505";

/** Rows renewed in one transaction: some tens of milliseconds, in which others cannot change them. */
const RENEWED_ROWS = 5_000;

/**
 * Brings the schema up to date, then runs `seed` if it is needed. Only reads if nothing is to be done. Throws
 * UnusableDatabase, or the database's error; what is done by then stays, and the next call goes on from there.
 */
export async function migrate(session: MigrationSession, options: MigrateOptions): Promise<void> {
  const isNeeded = async () =>
    (await appliedMigrations(session)) < MIGRATIONS.length ||
    Object.values(await rowsToPrepare(session, options)).some(Boolean);
  if (!(await session.takeTurn(MIGRATION_LOCK, isNeeded))) return;
  const applied = await appliedMigrations(session);
  if (applied < MIGRATIONS.length) {
    await refuseRows(session);
    for (const step of MIGRATIONS.flatMap(({ steps }) => steps))
      if (step.kind === "index") await session.dropInvalidIndex(step.index.name);
  }
  for (const [position, { title, steps }] of MIGRATIONS.entries()) {
    if (position < applied) continue;
    for (const step of steps) await runStep(session, step, title, options);
    // Before replicas may use the tables.
    if (position === MIGRATIONS.length - 1) await prepareRows(session, options);
    await record(session, position + 1, title);
    options.onApplied?.(title);
  }
  if (applied === MIGRATIONS.length) await prepareRows(session, options);
}

async function prepareRows(session: MigrationSession, options: MigrateOptions): Promise<void> {
  const { hasForeignVersions, isToBeSeeded } = await rowsToPrepare(session, options);
  if (hasForeignVersions) await renewVersions(session);
  if (isToBeSeeded) await session.transaction("the sample data", async () => options.seed?.());
}

/** Takes no lock that anybody but a DROP TABLE could wait for. */
async function rowsToPrepare(session: MigrationSession, options: MigrateOptions) {
  return {
    hasForeignVersions: await session.isTrue(HAS_FOREIGN_VERSIONS),
    isToBeSeeded:
      options.seed !== undefined &&
      (await session.isTrue("NOT EXISTS (SELECT FROM public.cities) AND NOT EXISTS (SELECT FROM public.forecast)")),
  };
}

async function appliedMigrations(session: MigrationSession): Promise<number> {
  if (!(await session.isTrue("to_regclass('public.weather_migrations') IS NOT NULL"))) return 0;
  const sql = "SELECT coalesce(max(version), 0) FROM public.weather_migrations";
  const [row] = await session.query("the schema's version", sql);
  const version = Number(row?.[0] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new UnusableDatabase(
      `the database is at schema version ${version}, this build knows ${MIGRATIONS.length}: start a newer build`,
    );
  }
  return version;
}

/**
 * Throws while the schema is behind this build. A model that was loaded then would miss what was written to a table before it got its
 * triggers.
 */
export async function requireMigrated(connection: Connection, deadlineMs: number): Promise<void> {
  const [row] = await connection.query("SELECT max(version) FROM public.weather_migrations", [], deadlineMs);
  if (Number(row?.[0] ?? 0) < MIGRATIONS.length) throw new Error("the database is not migrated yet");
}

function record(session: MigrationSession, version: number, title: string): Promise<unknown> {
  return session.query(
    title,
    `CREATE TABLE IF NOT EXISTS public.weather_migrations (
       version integer PRIMARY KEY, title text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
     INSERT INTO public.weather_migrations (version, title) VALUES (${version}, '${title}')`,
  );
}

async function runStep(session: MigrationSession, step: Step, title: string, options: MigrateOptions): Promise<void> {
  if (await session.isTrue(step.done)) return;
  await options.onStep?.(step);
  const what = step.table === undefined ? title : `${title}, table ${step.table}`;
  if (step.kind === "transaction") await session.transaction(what, () => session.query(what, step.sql), step);
  else if (step.kind === "online") await session.online(what, step.sql);
  else await createIndex(session, step.index, what);
}

async function refuseRows(session: MigrationSession): Promise<void> {
  for (const { title, isPossible, query, message } of REFUSALS) {
    if (!(await session.isTrue(isPossible))) continue;
    const [row] = await session.query(title, query);
    if (row?.[0]) throw new UnusableDatabase(message(row[0]));
  }
}

/** Rows that share an id may have come since they were looked for. */
async function createIndex(session: MigrationSession, index: Index, what: string): Promise<void> {
  try {
    await session.createIndex(what, index);
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) {
      await session.dropInvalidIndex(index.name);
      await refuseRows(session);
    }
    throw error;
  }
}

/**
 * Rows restored from a dump of another server have that server's transaction ids. Every change query would report those
 * "from the future" as changed, until this server's counter gets there: they get a new version. A visible row of this
 * server is always older than the end of the snapshot.
 */
const isForeign = (version: string) => `${version} >= pg_snapshot_xmax(pg_current_snapshot())`;

/** The highest version, and not EXISTS, for which the planner might read the whole table. */
const highest = (table: string) => `(SELECT version FROM public.${table} ORDER BY version DESC LIMIT 1)`;
const HAS_FOREIGN_VERSIONS = `
  coalesce(${isForeign(highest("cities"))}, false) OR coalesce(${isForeign(highest("forecast"))}, false)`;

async function renewVersions(session: MigrationSession): Promise<void> {
  const what = "new versions for restored rows";
  for (const table of ["cities", "forecast"]) {
    let last: string | null = "-9223372036854775808";
    while (last !== null) {
      const [row] = await session.transaction(what, () =>
        session.query(
          what,
          `WITH batch AS (
             SELECT id FROM public.${table} WHERE id > $1 ORDER BY id LIMIT ${RENEWED_ROWS}
           ), renewed AS (
             UPDATE public.${table} SET version = version
             WHERE id IN (SELECT id FROM batch) AND ${isForeign("version")}
           )
           SELECT max(id) FROM batch`,
          [last],
        ),
      );
      last = row?.[0] ?? null;
    }
  }
}
