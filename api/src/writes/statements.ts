import type { Connection, Row, Statement } from "../postgres/connection.ts";

/** A value as a client sends it; `dateTime` keeps all 64 bits. */
export interface ForecastInput {
  readonly dateTime: bigint;
  readonly temperature: number;
  readonly summary: string | null;
}

export type WriteKind = keyof Writes;

/** What each kind of write takes, and what it gives back when it was done. */
export interface Writes {
  addCity: { input: { name: string }; output: { id: number } };
  renameCity: { input: { id: number; name: string; asOf: string }; output: Renamed };
  addForecast: { input: ForecastInput & { cityId: number }; output: Added };
  changeForecast: { input: ForecastInput & { id: number; cityId: number | null; asOf: string }; output: Changed };
}

export type Renamed = { readonly found: boolean };
export type Added = { readonly found: true; readonly id: number } | { readonly found: false };
export type Changed =
  | { readonly found: true; readonly cityId: number }
  | { readonly found: false; readonly missing: "forecast" | "city" };

/** One kind of write as a single statement for many rows; safe to send again when its outcome is unknown. */
export interface BatchStatement<K extends WriteKind> {
  /** New rows take an id reserved from this sequence's table, and keep it however often they are sent. */
  readonly idsFrom?: "cities" | "forecast";
  /** Writes with equal keys never share a batch, so that each row is touched once per statement. */
  readonly key?: (input: Writes[K]["input"]) => number;
  /** Undefined where nothing was added because a row that holds something else has the reserved id. */
  run(
    connection: Connection,
    batch: readonly Batched<K>[],
    deadlineMs: number,
  ): Promise<(Writes[K]["output"] | undefined)[]>;
}

export interface Batched<K extends WriteKind> {
  readonly input: Writes[K]["input"];
  /** The reserved id; 0 where the kind needs none. */
  readonly id: number;
  /** Whether an earlier attempt may have been done: a row with this id may then be our own. */
  readonly mayBeDone: boolean;
}

/**
 * A record in the WAL that says nothing. A transaction that finds its work done already would write none, and so would
 * not wait until what it found has reached the disk and the synchronous standby: where the primary crashed while an
 * earlier attempt waited for the standby, that is not certain.
 */
export const WAIT_FOR_WAL = "pg_logical_emit_message(true, 'goldenring', '')";

/** The ids that have a row already come back. */
const ADD_CITIES: Statement = {
  name: "add cities",
  text: `
    WITH input AS (
      SELECT * FROM unnest($1::bigint[], $2::text[]) AS i (id, name)
    ), added AS (
      INSERT INTO public.cities (id, name) SELECT * FROM input ON CONFLICT (id) DO NOTHING RETURNING id
    )
    SELECT id FROM input EXCEPT ALL SELECT id FROM added`,
};

/** Those of the ids whose row is the one that was to be added: an earlier attempt did it. */
const CITIES_THERE: Statement = {
  name: "cities there",
  text: `
    SELECT i.id, ${WAIT_FOR_WAL} FROM unnest($1::bigint[], $2::text[]) AS i (id, name)
    JOIN public.cities c ON c.id = i.id AND c.name = i.name`,
};

/** The cities that do not exist come back, and the ids that have a row already. */
const ADD_FORECASTS: Statement = {
  name: "add forecasts",
  text: `
    WITH input AS (
      SELECT i.*, EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id) AS city_exists
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[])
        AS i (id, city_id, date_time, temperature, summary)
    ), added AS (
      INSERT INTO public.forecast (id, "cityId", "dateTime", temperature, summary)
      SELECT id, city_id, date_time, temperature, summary FROM input WHERE city_exists
      ON CONFLICT (id) DO NOTHING RETURNING id
    )
    SELECT city_id, NULL FROM input WHERE NOT city_exists
    UNION ALL
    SELECT NULL, id FROM (SELECT id FROM input WHERE city_exists EXCEPT ALL SELECT id FROM added) taken`,
};

const FORECASTS_THERE: Statement = {
  name: "forecasts there",
  text: `
    SELECT i.id, ${WAIT_FOR_WAL} FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[])
      AS i (id, city_id, date_time, temperature, summary)
    JOIN public.forecast f ON f.id = i.id AND f."cityId" = i.city_id AND f."dateTime" = i.date_time
      AND f.temperature = i.temperature AND f.summary IS NOT DISTINCT FROM i.summary`,
};

/**
 * Changes set only rows that nobody, ourselves in an earlier attempt included, has touched since snapshot `as_of`, which
 * was taken after the request arrived. A row touched since then counts as changed by us and overwritten right after:
 * the other write began while this one was under way, so that order is as good as the reverse, and a retry after an
 * unknown outcome can never undo a later write. This is last-writer-wins that may be repeated.
 */
const RENAME_CITIES: Statement = {
  name: "rename cities",
  text: `
    WITH input AS (
      SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) AS i (id, name, as_of)
    ), changed AS (
      UPDATE public.cities c SET name = i.name FROM input i
      WHERE c.id = i.id AND pg_visible_in_snapshot(c.version, i.as_of::pg_snapshot)
      RETURNING c.id
    )
    SELECT id FROM input i WHERE EXISTS (SELECT FROM public.cities c WHERE c.id = i.id)
    UNION ALL
    SELECT NULL WHERE (SELECT count(*) FROM changed) < (SELECT count(*) FROM input) AND ${WAIT_FOR_WAL} IS NULL`,
};

const CHANGE_FORECASTS: Statement = {
  name: "change forecasts",
  text: `
    WITH input AS (
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[], $6::text[])
        AS i (id, city_id, date_time, temperature, summary, as_of)
    ), changed AS (
      UPDATE public.forecast f
      SET "cityId" = coalesce(i.city_id, f."cityId"), "dateTime" = i.date_time, temperature = i.temperature, summary = i.summary
      FROM input i
      WHERE f.id = i.id AND pg_visible_in_snapshot(f.version, i.as_of::pg_snapshot)
        AND (i.city_id IS NULL OR EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id))
      RETURNING f.id
    )
    SELECT i.id, coalesce(i.city_id, f."cityId", 0), i.city_id IS NULL OR EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id)
    FROM input i JOIN public.forecast f ON f.id = i.id
    UNION ALL
    SELECT NULL, NULL, NULL
    WHERE (SELECT count(*) FROM changed) < (SELECT count(*) FROM input) AND ${WAIT_FOR_WAL} IS NULL`,
};

/** PostgreSQL's text form of an array of one number from each row, in one pass: pg would look at each element for what it is. */
function numbers<T>(rows: readonly T[], numberOf: (row: T) => number | bigint | null): string {
  let text = "";
  for (const row of rows) text += `${text === "" ? "" : ","}${numberOf(row) ?? "NULL"}`;
  return `{${text}}`;
}

function cityColumns(batch: readonly Batched<"addCity">[]): unknown[] {
  return [numbers(batch, (row) => row.id), batch.map((row) => row.input.name)];
}

function forecastColumns(batch: readonly Batched<"addForecast">[]): unknown[] {
  return [
    numbers(batch, (row) => row.id),
    numbers(batch, (row) => row.input.cityId),
    numbers(batch, (row) => row.input.dateTime),
    numbers(batch, (row) => row.input.temperature),
    batch.map((row) => row.input.summary),
  ];
}

function idsOf(rows: readonly Row[]): Set<number> {
  return new Set(rows.map(([id]) => Number(id)));
}

export const STATEMENTS: { readonly [K in WriteKind]: BatchStatement<K> } = {
  addCity: {
    idsFrom: "cities",
    run: async (connection, batch, deadlineMs) => {
      const taken = idsOf(await connection.query(ADD_CITIES, cityColumns(batch), deadlineMs));
      const doubtful = batch.filter(({ id, mayBeDone }) => mayBeDone && taken.has(id));
      if (doubtful.length > 0) {
        const there = await connection.query(CITIES_THERE, cityColumns(doubtful), deadlineMs);
        for (const id of idsOf(there)) taken.delete(id);
      }
      return batch.map(({ id }) => (taken.has(id) ? undefined : { id }));
    },
  },
  addForecast: {
    idsFrom: "forecast",
    run: async (connection, batch, deadlineMs) => {
      const rows = await connection.query(ADD_FORECASTS, forecastColumns(batch), deadlineMs);
      const unknownCities = new Set(rows.flatMap(([cityId]) => (cityId === null ? [] : [Number(cityId)])));
      const taken = new Set(rows.flatMap(([, id]) => (id === null ? [] : [Number(id)])));
      const doubtful = batch.filter(({ id, mayBeDone }) => mayBeDone && taken.has(id));
      if (doubtful.length > 0) {
        const there = await connection.query(FORECASTS_THERE, forecastColumns(doubtful), deadlineMs);
        for (const id of idsOf(there)) taken.delete(id);
      }
      return batch.map(({ id, input }): Added | undefined => {
        if (unknownCities.has(input.cityId)) return { found: false };
        return taken.has(id) ? undefined : { found: true, id };
      });
    },
  },
  renameCity: {
    key: (input) => input.id,
    run: async (connection, batch, deadlineMs) => {
      const rows = await connection.query(
        RENAME_CITIES,
        [numbers(batch, (row) => row.input.id), batch.map((row) => row.input.name), batch.map((row) => row.input.asOf)],
        deadlineMs,
      );
      const found = new Set(rows.map(([id]) => Number(id)));
      return batch.map(({ input }) => ({ found: found.has(input.id) }));
    },
  },
  changeForecast: {
    key: (input) => input.id,
    run: async (connection, batch, deadlineMs) => {
      const rows = await connection.query(
        CHANGE_FORECASTS,
        [
          numbers(batch, (row) => row.input.id),
          numbers(batch, (row) => row.input.cityId),
          numbers(batch, (row) => row.input.dateTime),
          numbers(batch, (row) => row.input.temperature),
          batch.map((row) => row.input.summary),
          batch.map((row) => row.input.asOf),
        ],
        deadlineMs,
      );
      const found = new Map(
        rows.map(([id, cityId, cityExists]) => [Number(id), { cityId: Number(cityId), cityExists }]),
      );
      return batch.map(({ input }): Changed => {
        const row = found.get(input.id);
        if (!row) return { found: false, missing: "forecast" };
        return row.cityExists === "t" ? { found: true, cityId: row.cityId } : { found: false, missing: "city" };
      });
    },
  },
};
