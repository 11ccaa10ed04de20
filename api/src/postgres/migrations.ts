/** A step of a migration. An interrupted migration goes on with the steps whose `done` is false. */
export type Step = {
  /** The only table whose lock it takes. */
  readonly table?: Table;
  /** A condition on the catalogs. */
  readonly done: string;
} & (
  | {
      readonly kind: "transaction";
      readonly sql: string;
      /** Of the table, taken before anything else, so that nothing waits in the middle of the transaction. */
      readonly lock?: TableLock;
    }
  /** Outside of a transaction and without a strong lock, however long it takes. */
  | { readonly kind: "online"; readonly sql: string }
  | { readonly kind: "index"; readonly index: Index }
);

export type TableLock = "ACCESS EXCLUSIVE" | "SHARE";

export interface Index {
  readonly name: string;
  readonly table: Table;
  readonly unique: boolean;
  /** Columns and condition, as in CREATE INDEX. */
  readonly on: string;
}

export interface Migration {
  readonly title: string;
  readonly steps: readonly Step[];
}

type Table = "cities" | "forecast";
const TABLES: readonly Table[] = ["cities", "forecast"];

const transaction = (done: string, sql: string): Step => ({ kind: "transaction", done, sql });
/** A short transaction that nobody else may use the table in. */
const locked = (table: Table, done: string, sql: string): Step => {
  return { kind: "transaction", lock: "ACCESS EXCLUSIVE", table, done, sql };
};

const hasTable = (name: string) => `to_regclass('public.${name}') IS NOT NULL`;
const hasFunction = (name: string) => `to_regproc('public.${name}') IS NOT NULL`;
const hasColumn = (table: Table, name: string, condition = "true") =>
  `EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.${table}') AND attname = '${name}'
     AND NOT attisdropped AND ${condition})`;
const hasTrigger = (table: Table, name: string) =>
  `EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('public.${table}') AND tgname = '${name}')`;
const hasConstraint = (table: Table, condition: string) =>
  `EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('public.${table}') AND ${condition})`;
const hasIndex = (name: string) =>
  `EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('public.${name}') AND indisvalid)`;
const hasUniqueId = (table: Table) => `EXISTS (
  SELECT FROM pg_index i
  WHERE i.indrelid = to_regclass('public.${table}') AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1
    AND i.indkey[0] = (SELECT attnum FROM pg_attribute WHERE attrelid = i.indrelid AND attname = 'id'))`;
const isNotNull = (table: Table) => hasColumn(table, "id", "attnotnull");

/** The tables of the original service have neither a primary key nor, if somebody made them by hand, NOT NULL. */
function uniqueIds(table: Table): readonly Step[] {
  const index: Index = { name: `weather_${table}_id`, table, unique: true, on: "(id)" };
  const check = `weather_${table}_id_not_null`;
  return [
    { kind: "index", table, done: hasUniqueId(table), index },
    // SET NOT NULL reads the whole table under its lock, except where a valid constraint proves it.
    locked(
      table,
      `${isNotNull(table)} OR ${hasConstraint(table, `conname = '${check}'`)}`,
      `ALTER TABLE public.${table} ADD CONSTRAINT ${check} CHECK (id IS NOT NULL) NOT VALID`,
    ),
    {
      kind: "online",
      table,
      done: `${isNotNull(table)} OR ${hasConstraint(table, `conname = '${check}' AND convalidated`)}`,
      sql: `ALTER TABLE public.${table} VALIDATE CONSTRAINT ${check}`,
    },
    locked(
      table,
      `${isNotNull(table)} AND NOT ${hasConstraint(table, `conname = '${check}'`)}`,
      `
      ALTER TABLE public.${table} ALTER COLUMN id SET NOT NULL;
      ALTER TABLE public.${table} DROP CONSTRAINT IF EXISTS ${check}`,
    ),
    locked(
      table,
      `NOT ${hasTable(index.name)} OR ${hasConstraint(table, "contype = 'p'")}`,
      `ALTER TABLE public.${table} ADD CONSTRAINT ${table}_pkey PRIMARY KEY USING INDEX ${index.name}`,
    ),
    locked(
      table,
      `pg_get_serial_sequence('public.${table}', 'id') IS NOT NULL`,
      `
      CREATE SEQUENCE IF NOT EXISTS public.${table}_id_seq;
      ALTER SEQUENCE public.${table}_id_seq OWNED BY public.${table}.id;
      ALTER TABLE public.${table} ALTER COLUMN id SET DEFAULT nextval('public.${table}_id_seq')`,
    ),
    transaction(
      "false",
      `
        DO $$
        DECLARE
          ids text := pg_get_serial_sequence('public.${table}', 'id');
          top bigint := (SELECT max(id) FROM public.${table});
          is_behind boolean;
        BEGIN
          EXECUTE format('SELECT last_value < $1 OR (last_value = $1 AND NOT is_called) FROM %s', ids) INTO is_behind USING top;
          IF is_behind THEN
            -- Changes nothing, but nobody takes an id between the comparison and setval, which could set it back.
            EXECUTE format('ALTER SEQUENCE %s CACHE %s', ids, (SELECT seqcache FROM pg_sequence WHERE seqrelid = ids::regclass));
            EXECUTE format('SELECT setval(%L, $1) FROM %s WHERE last_value <= $1', ids, ids) USING top;
          END IF;
        END $$`,
    ),
  ];
}

function versions(table: Table): readonly Step[] {
  return [
    // A constant default is stored once, not in each row: no row is rewritten.
    locked(
      table,
      hasTrigger(table, "weather_id_changed"),
      `
      ALTER TABLE public.${table} ADD COLUMN IF NOT EXISTS version xid8 NOT NULL DEFAULT '0';
      ALTER TABLE public.${table} ALTER COLUMN version SET DEFAULT pg_current_xact_id();
      CREATE TRIGGER weather_stamp_version BEFORE INSERT OR UPDATE ON public.${table}
        FOR EACH ROW EXECUTE FUNCTION public.weather_stamp_version();
      CREATE TRIGGER weather_row_deleted AFTER DELETE ON public.${table} REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch_for_rows();
      CREATE TRIGGER weather_truncated AFTER TRUNCATE ON public.${table}
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch();
      CREATE TRIGGER weather_id_changed AFTER UPDATE OF id ON public.${table}
        FOR EACH STATEMENT EXECUTE FUNCTION public.weather_advance_epoch()`,
    ),
    indexStep({ name: `${table}_version`, table, unique: false, on: "(version)" }),
  ];
}

function requests(table: Table): readonly Step[] {
  return [
    locked(table, hasColumn(table, "request"), `ALTER TABLE public.${table} ADD COLUMN request uuid`),
    indexStep({ name: `${table}_request`, table, unique: true, on: "(request) WHERE request IS NOT NULL" }),
  ];
}

function indexStep(index: Index): Step {
  return { kind: "index", table: index.table, done: hasIndex(index.name), index };
}

/** Rows that cannot be taken over. Looked for before anything is changed. */
export interface Refusal {
  readonly title: string;
  /** A condition on the catalogs. */
  readonly isPossible: string;
  /** Selects the ids concerned as one text, or NULL. */
  readonly query: string;
  readonly message: (ids: string) => string;
}

export const REFUSALS: readonly Refusal[] = TABLES.map((table) => ({
  title: `a look for rows of ${table} that share an id`,
  isPossible: `${hasTable(table)} AND NOT (${hasUniqueId(table)} AND ${isNotNull(table)})`,
  query: `
    SELECT string_agg(coalesce(id::text, 'NULL'), ', ') FROM (
      SELECT id FROM public.${table} GROUP BY id HAVING count(*) > 1 OR id IS NULL LIMIT 5) d`,
  message: (ids) =>
    `public.${table} has rows that share an id (such as ${ids}): give each row an id of its own, then start again`,
}));

/**
 * Forward-only, each one recorded in weather_migrations when all its steps are done. They take over the tables of the
 * original service as they are, while it runs: no primary key, no version column, any number of rows.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    title: "tables of the original service",
    steps: [
      transaction(hasTable("cities"), "CREATE TABLE public.cities (id bigserial, name varchar(255))"),
      transaction(
        hasTable("forecast"),
        `CREATE TABLE public.forecast (
          id bigserial, "cityId" bigint, "dateTime" bigint, temperature integer, summary text)`,
      ),
    ],
  },
  { title: "unique ids from a sequence", steps: TABLES.flatMap(uniqueIds) },
  {
    title: "a version on every row, and an epoch that deletes advance",
    steps: [
      transaction(
        hasFunction("weather_advance_epoch_for_rows"),
        `
          CREATE TABLE public.weather_epoch (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), epoch bigint NOT NULL);
          INSERT INTO public.weather_epoch (epoch) VALUES (1);
          CREATE FUNCTION public.weather_stamp_version() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN
            NEW.version := pg_current_xact_id();
            RETURN NEW;
          END $$;
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
          END $$`,
      ),
      ...TABLES.flatMap(versions),
    ],
  },
  { title: "the request that added a row, so that it can be repeated", steps: TABLES.flatMap(requests) },
  {
    title: "the requests that changed a row, so that they can be repeated",
    steps: [
      transaction(
        hasTable("weather_changes"),
        `
          CREATE TABLE public.weather_changes (request uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
          CREATE INDEX weather_changes_at ON public.weather_changes (at)`,
      ),
    ],
  },
];
