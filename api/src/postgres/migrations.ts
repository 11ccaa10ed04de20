import type { Connection } from "./connection.ts";

/**
 * Forward-only migrations. The first ones take over the tables of the original service as they are: no primary key, no
 * version column, rows present. All of them run in one transaction under an advisory lock, so replicas that start
 * together wait for each other, and a failed start changes nothing.
 */
const MIGRATIONS: readonly { readonly title: string; readonly sql: string }[] = [
  {
    title: "tables of the original service",
    sql: `
      CREATE TABLE IF NOT EXISTS public.cities (id bigserial, name varchar(255));
      CREATE TABLE IF NOT EXISTS public.forecast (
        id bigserial, "cityId" bigint, "dateTime" bigint, temperature integer, summary text);`,
  },
  {
    title: "unique ids from a sequence",
    sql: `
      DO $$
      DECLARE
        t text; doubles text; sequence_name text;
      BEGIN
        -- Both tables before anything is done: setval is not undone by a rollback.
        FOREACH t IN ARRAY ARRAY['cities', 'forecast'] LOOP
          IF NOT EXISTS (
            SELECT FROM pg_index i
            WHERE i.indrelid = format('public.%I', t)::regclass AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 1
              AND i.indkey[0] = (SELECT attnum FROM pg_attribute WHERE attrelid = i.indrelid AND attname = 'id')
          ) THEN
            EXECUTE format(
              'SELECT string_agg(id::text, '', '') FROM (SELECT id FROM public.%I GROUP BY id HAVING count(*) > 1 OR id IS NULL LIMIT 5) d', t)
              INTO doubles;
            IF doubles IS NOT NULL THEN
              RAISE EXCEPTION 'public.% has rows that share an id (such as %): give each row an id of its own, then start again', t, doubles
                USING ERRCODE = 'unique_violation';
            END IF;
            EXECUTE format('ALTER TABLE public.%I ADD PRIMARY KEY (id)', t);
          END IF;
        END LOOP;
        FOREACH t IN ARRAY ARRAY['cities', 'forecast'] LOOP
          sequence_name := pg_get_serial_sequence(format('public.%I', t), 'id');
          IF sequence_name IS NULL THEN
            EXECUTE format('CREATE SEQUENCE public.%I OWNED BY public.%I.id', t || '_id_seq', t);
            EXECUTE format('ALTER TABLE public.%I ALTER COLUMN id SET DEFAULT nextval(%L)', t, 'public.' || t || '_id_seq');
            sequence_name := 'public.' || t || '_id_seq';
          END IF;
          EXECUTE format(
            'SELECT setval(%L, m) FROM (SELECT max(id) AS m FROM public.%I) x WHERE m >= (SELECT last_value FROM %s)',
            sequence_name, t, sequence_name);
        END LOOP;
      END $$;`,
  },
  {
    title: "a version on every row, and an epoch that deletes advance",
    sql: `
      ALTER TABLE public.cities ADD COLUMN IF NOT EXISTS version xid8 NOT NULL DEFAULT '0';
      ALTER TABLE public.forecast ADD COLUMN IF NOT EXISTS version xid8 NOT NULL DEFAULT '0';
      ALTER TABLE public.cities ALTER COLUMN version SET DEFAULT pg_current_xact_id();
      ALTER TABLE public.forecast ALTER COLUMN version SET DEFAULT pg_current_xact_id();
      CREATE INDEX IF NOT EXISTS cities_version ON public.cities (version);
      CREATE INDEX IF NOT EXISTS forecast_version ON public.forecast (version);

      CREATE FUNCTION public.weather_stamp_version() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.version := pg_current_xact_id();
        RETURN NEW;
      END $$;
      CREATE TRIGGER weather_stamp_version BEFORE INSERT OR UPDATE ON public.cities
        FOR EACH ROW EXECUTE FUNCTION public.weather_stamp_version();
      CREATE TRIGGER weather_stamp_version BEFORE INSERT OR UPDATE ON public.forecast
        FOR EACH ROW EXECUTE FUNCTION public.weather_stamp_version();

      CREATE TABLE public.weather_epoch (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), epoch bigint NOT NULL);
      INSERT INTO public.weather_epoch (epoch) VALUES (1);
      CREATE FUNCTION public.weather_advance_epoch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog AS $$
      BEGIN
        UPDATE public.weather_epoch SET epoch = epoch + 1;
        RETURN NULL;
      END $$;
      CREATE FUNCTION public.weather_advance_epoch_for_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog AS $$
      BEGIN
        IF EXISTS (SELECT FROM gone) THEN
          UPDATE public.weather_epoch SET epoch = epoch + 1;
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER weather_row_deleted AFTER DELETE ON public.cities REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch_for_rows();
      CREATE TRIGGER weather_row_deleted AFTER DELETE ON public.forecast REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch_for_rows();
      CREATE TRIGGER weather_truncated AFTER TRUNCATE ON public.cities
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch();
      CREATE TRIGGER weather_truncated AFTER TRUNCATE ON public.forecast
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch();
      CREATE TRIGGER weather_id_changed AFTER UPDATE OF id ON public.cities
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch();
      CREATE TRIGGER weather_id_changed AFTER UPDATE OF id ON public.forecast
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch();`,
  },
  {
    title: "the request that added a row, so that it can be repeated",
    sql: `
      ALTER TABLE public.cities ADD COLUMN request uuid;
      ALTER TABLE public.forecast ADD COLUMN request uuid;
      CREATE UNIQUE INDEX cities_request ON public.cities (request) WHERE request IS NOT NULL;
      CREATE UNIQUE INDEX forecast_request ON public.forecast (request) WHERE request IS NOT NULL;`,
  },
  {
    title: "the requests that changed a row, so that they can be repeated",
    sql: `
      CREATE TABLE public.weather_changes (request uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
      CREATE INDEX weather_changes_at ON public.weather_changes (at);`,
  },
];

/** The schema comes from a newer build. Waiting does not help. */
export class SchemaTooNew extends Error {
  override readonly name = "SchemaTooNew";
}

/** An arbitrary key: replicas that start together hold this lock one after the other. */
const MIGRATION_LOCK = 7_204_511;

/**
 * Rows restored from a dump of another server have that server's transaction ids. Every change query would report those
 * "from the future" as changed, until this server's counter gets there: they get a new version.
 */
const RENEW_FOREIGN_VERSIONS = `
  UPDATE public.cities SET version = version WHERE version > pg_current_xact_id();
  UPDATE public.forecast SET version = version WHERE version > pg_current_xact_id();`;

/**
 * Brings the schema up to date, then runs `seed` in the same transaction. Throws the database's error if the existing
 * data cannot be taken over; nothing is changed then.
 */
export async function migrate(
  connection: Connection,
  options: {
    readonly deadlineMs: number;
    readonly seed?: (connection: Connection) => Promise<void>;
    readonly onApplied?: (title: string) => void;
  },
): Promise<void> {
  const run = (sql: string) => connection.query(sql, [], options.deadlineMs);
  await run("BEGIN");
  try {
    await run(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    const applied = await appliedMigrations(run);
    for (const [index, migration] of MIGRATIONS.entries()) {
      if (index < applied) continue;
      await run(migration.sql);
      await run(`INSERT INTO public.weather_migrations (version, title) VALUES (${index + 1}, '${migration.title}')`);
      options.onApplied?.(migration.title);
    }
    await run(RENEW_FOREIGN_VERSIONS);
    await options.seed?.(connection);
    await run("COMMIT");
  } catch (error) {
    if (!connection.lost) await run("ROLLBACK").catch(() => connection.destroy());
    throw error;
  }
}

async function appliedMigrations(run: (sql: string) => Promise<readonly (string | null)[][] | unknown[]>) {
  const exists = (await run("SELECT to_regclass('public.weather_migrations') IS NOT NULL")) as string[][];
  if (exists[0]?.[0] !== "t") {
    await run(`CREATE TABLE public.weather_migrations (
      version integer PRIMARY KEY, title text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    return 0;
  }
  const rows = (await run("SELECT coalesce(max(version), 0) FROM public.weather_migrations")) as string[][];
  const version = Number(rows[0]?.[0] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new SchemaTooNew(
      `the database is at schema version ${version}, this build knows ${MIGRATIONS.length}: start a newer build`,
    );
  }
  return version;
}
