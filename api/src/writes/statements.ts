import type { Connection, Statement } from "../postgres/connection.ts";

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
  run(connection: Connection, batch: readonly Batched<K>[], deadlineMs: number): Promise<Writes[K]["output"][]>;
}

export interface Batched<K extends WriteKind> {
  readonly input: Writes[K]["input"];
  /** The reserved id; 0 where the kind needs none. */
  readonly id: number;
}

const ADD_CITIES: Statement = {
  name: "add cities",
  text: `INSERT INTO public.cities (id, name) SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT (id) DO NOTHING`,
};

/** The existing city's row is locked against a concurrent delete by hand; the names of cities without one come back. */
const ADD_FORECASTS: Statement = {
  name: "add forecasts",
  text: `
    WITH input AS (
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[])
        AS i (id, city_id, date_time, temperature, summary)
    ), added AS (
      INSERT INTO public.forecast (id, "cityId", "dateTime", temperature, summary)
      SELECT i.* FROM input i WHERE EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id)
      ON CONFLICT (id) DO NOTHING
    )
    SELECT DISTINCT city_id FROM input i WHERE NOT EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id)`,
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
    )
    SELECT id FROM input i WHERE EXISTS (SELECT FROM public.cities c WHERE c.id = i.id)`,
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
    )
    SELECT i.id, coalesce(i.city_id, f."cityId", 0), i.city_id IS NULL OR EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id)
    FROM input i JOIN public.forecast f ON f.id = i.id`,
};

/** PostgreSQL's text form of an array of numbers. pg would look at each element for what it is. */
function numbers(values: readonly (number | bigint | null)[]): string {
  return `{${values.map((value) => value ?? "NULL").join(",")}}`;
}

export const STATEMENTS: { readonly [K in WriteKind]: BatchStatement<K> } = {
  addCity: {
    idsFrom: "cities",
    run: async (connection, batch, deadlineMs) => {
      await connection.query(
        ADD_CITIES,
        [numbers(batch.map((row) => row.id)), batch.map((row) => row.input.name)],
        deadlineMs,
      );
      return batch.map(({ id }) => ({ id }));
    },
  },
  addForecast: {
    idsFrom: "forecast",
    run: async (connection, batch, deadlineMs) => {
      const rows = await connection.query(
        ADD_FORECASTS,
        [
          numbers(batch.map((row) => row.id)),
          numbers(batch.map((row) => row.input.cityId)),
          numbers(batch.map((row) => row.input.dateTime)),
          numbers(batch.map((row) => row.input.temperature)),
          batch.map((row) => row.input.summary),
        ],
        deadlineMs,
      );
      const unknownCities = new Set(rows.map(([cityId]) => Number(cityId)));
      return batch.map(({ id, input }) => (unknownCities.has(input.cityId) ? { found: false } : { found: true, id }));
    },
  },
  renameCity: {
    key: (input) => input.id,
    run: async (connection, batch, deadlineMs) => {
      const rows = await connection.query(
        RENAME_CITIES,
        [
          numbers(batch.map((row) => row.input.id)),
          batch.map((row) => row.input.name),
          batch.map((row) => row.input.asOf),
        ],
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
          numbers(batch.map((row) => row.input.id)),
          numbers(batch.map((row) => row.input.cityId)),
          numbers(batch.map((row) => row.input.dateTime)),
          numbers(batch.map((row) => row.input.temperature)),
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
