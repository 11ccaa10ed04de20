import type { Connection, Row, Statement } from "../postgres/connection.ts";

/** A value as a client sends it; `dateTime` keeps all 64 bits. */
export interface ForecastInput {
  readonly dateTime: bigint;
  readonly temperature: number;
  readonly summary: string | null;
}

export type WriteKind = keyof Writes;

interface Repeatable {
  /** The request's identity (128 bits as hexadecimal digits), by which a repeated one is recognized; null without one. */
  readonly request: string | null;
}

/** What each kind of write takes, and what it returns once it is done. */
export interface Writes {
  addCity: { input: Repeatable & { name: string }; output: { id: number } };
  renameCity: { input: Repeatable & { id: number; name: string; asOf: string }; output: Renamed };
  addForecast: { input: Repeatable & ForecastInput & { cityId: number }; output: Added };
  changeForecast: {
    input: Repeatable & ForecastInput & { id: number; cityId: number | null; asOf: string };
    output: Changed;
  };
}

export type Renamed = { readonly found: boolean };
export type Added = { readonly found: true; readonly id: number } | { readonly found: false };
export type Changed =
  | { readonly found: true; readonly cityId: number }
  | { readonly found: false; readonly missing: "forecast" | "city" };

/** One kind of write as a single statement for many rows. It may be sent again if its outcome is unknown. */
export interface BatchStatement<K extends WriteKind> {
  /** New rows take an id reserved from this table's sequence, and keep it however often they are sent. */
  readonly idsFrom?: "cities" | "forecast";
  /** Writes with equal keys never share a batch, so that each row is touched once per statement. */
  readonly key?: (input: Writes[K]["input"]) => number;
  /** Undefined for a row that was not added because another row has the reserved id. */
  run(
    connection: Connection,
    batch: readonly Batched<K>[],
    deadlineMs: number,
  ): Promise<(Writes[K]["output"] | undefined)[]>;
}

export interface Batched<K extends WriteKind> {
  readonly input: Writes[K]["input"];
  /** The reserved id; 0 if the kind needs none. */
  readonly id: number;
  /** Whether an earlier attempt may have succeeded: a row with this id may then be its result. */
  readonly mayBeDone: boolean;
}

/**
 * An empty record in the WAL. A transaction that finds its work already done would write no record, and so would not wait
 * until what it found is on disk and on the synchronous standby. If the primary crashed while an earlier attempt waited
 * for the standby, it may not be there.
 */
export const WAIT_FOR_WAL = "pg_logical_emit_message(true, 'goldenring', '')";

const WAIT: Statement = { name: "wait for WAL", text: `SELECT ${WAIT_FOR_WAL}` };

/** Returns the ids that another row has, and those of requests done earlier, with the id that they got. */
const ADD_CITIES: Statement = {
  name: "add cities",
  text: `
    WITH input AS (
      SELECT i.*, (SELECT c.id FROM public.cities c WHERE c.request = i.request) AS earlier
      FROM unnest($1::bigint[], $2::text[], $3::uuid[]) AS i (id, name, request)
    ), added AS (
      INSERT INTO public.cities (id, name, request) SELECT id, name, request FROM input WHERE earlier IS NULL
      ON CONFLICT (id) DO NOTHING RETURNING id
    )
    SELECT id, NULL::bigint FROM (SELECT id FROM input WHERE earlier IS NULL EXCEPT ALL SELECT id FROM added) taken
    UNION ALL
    SELECT id, earlier FROM input WHERE earlier IS NOT NULL`,
};

/** Returns the ids whose row is the one to add: an earlier attempt added it. */
const CITIES_THERE: Statement = {
  name: "cities there",
  text: `
    SELECT i.id, ${WAIT_FOR_WAL} FROM unnest($1::bigint[], $2::text[]) AS i (id, name)
    JOIN public.cities c ON c.id = i.id AND c.name = i.name`,
};

/** As with cities; returns the cities that do not exist, too. */
const ADD_FORECASTS: Statement = {
  name: "add forecasts",
  text: `
    WITH input AS (
      SELECT i.*, EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id) AS city_exists,
        (SELECT f.id FROM public.forecast f WHERE f.request = i.request) AS earlier
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[], $6::uuid[])
        AS i (id, city_id, date_time, temperature, summary, request)
    ), added AS (
      INSERT INTO public.forecast (id, "cityId", "dateTime", temperature, summary, request)
      SELECT id, city_id, date_time, temperature, summary, request FROM input WHERE city_exists AND earlier IS NULL
      ON CONFLICT (id) DO NOTHING RETURNING id
    )
    SELECT NULL::bigint, NULL::bigint, city_id FROM input WHERE NOT city_exists
    UNION ALL
    SELECT id, NULL::bigint, NULL::bigint FROM (
      SELECT id FROM input WHERE city_exists AND earlier IS NULL EXCEPT ALL SELECT id FROM added) taken
    UNION ALL
    SELECT id, earlier, NULL::bigint FROM input WHERE earlier IS NOT NULL`,
};

const FORECASTS_THERE: Statement = {
  name: "forecasts there",
  text: `
    SELECT i.id, ${WAIT_FOR_WAL} FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[])
      AS i (id, city_id, date_time, temperature, summary)
    JOIN public.forecast f ON f.id = i.id AND f."cityId" = i.city_id AND f."dateTime" = i.date_time
      AND f.temperature = i.temperature AND f.summary IS NOT DISTINCT FROM i.summary`,
};

/** Clients repeat a request within a minute. */
const REMEMBERED = "1 hour";

/**
 * Parts of a WITH that store the identities of requests, and forget some old ones in every statement. They are stored in
 * order, because two replicas may send the same requests; the later one waits for the earlier.
 *
 * @param isMade whether the row that the request changes exists: a refused change is not done
 */
function remembering(isMade: string): string {
  return `fresh AS (
      INSERT INTO public.weather_changes (request)
      SELECT i.request FROM input i WHERE i.request IS NOT NULL AND ${isMade} ORDER BY i.request
      ON CONFLICT DO NOTHING RETURNING request
    ), forgotten AS (
      DELETE FROM public.weather_changes WHERE request IN (
        SELECT request FROM public.weather_changes WHERE at < now() - interval '${REMEMBERED}'
        ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)
    )`;
}

const IS_NEW = "(i.request IS NULL OR i.request IN (SELECT request FROM fresh))";

/**
 * A change sets only a row that was not touched since snapshot `as_of`, which was taken after the request arrived. If the
 * row was touched since then, by another write or by an earlier attempt of this one, the change counts as done and
 * overwritten right after: the other write started while this one was open, so either order is correct, and a retry after
 * an unknown outcome can never undo a later write. This is last-writer-wins that may be repeated.
 *
 * Another replica does not have that snapshot. So a request with an identity stores it in the same transaction: if it is
 * there, the change was made, however many others followed.
 *
 * Rows are taken in the order of their ids, which also needs the queue's SESSION_SETTINGS.
 */
const RENAME_CITIES: Statement = {
  name: "rename cities",
  text: `
    WITH input AS (
      SELECT i.*, EXISTS (SELECT FROM public.cities c WHERE c.id = i.id) AS city_exists
      FROM unnest($1::bigint[], $2::text[], $3::text[], $4::uuid[]) AS i (id, name, as_of, request)
      ORDER BY i.id
    ), ${remembering("i.city_exists")},
    changed AS (
      UPDATE public.cities c SET name = i.name FROM input i
      WHERE c.id = i.id AND pg_visible_in_snapshot(c.version, i.as_of::pg_snapshot) AND ${IS_NEW}
      RETURNING c.id
    )
    SELECT id FROM input WHERE city_exists
    UNION ALL
    SELECT NULL WHERE (SELECT count(*) FROM changed) < (SELECT count(*) FROM input) AND ${WAIT_FOR_WAL} IS NULL`,
};

const CHANGE_FORECASTS: Statement = {
  name: "change forecasts",
  text: `
    WITH input AS (
      SELECT i.*, i.city_id IS NULL OR EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id) AS city_exists
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[], $6::text[], $7::uuid[])
        AS i (id, city_id, date_time, temperature, summary, as_of, request)
      ORDER BY i.id
    ), ${remembering("i.city_exists AND EXISTS (SELECT FROM public.forecast f WHERE f.id = i.id)")},
    changed AS (
      UPDATE public.forecast f
      SET "cityId" = coalesce(i.city_id, f."cityId"), "dateTime" = i.date_time, temperature = i.temperature, summary = i.summary
      FROM input i
      WHERE f.id = i.id AND pg_visible_in_snapshot(f.version, i.as_of::pg_snapshot) AND i.city_exists AND ${IS_NEW}
      RETURNING f.id
    )
    SELECT i.id, coalesce(i.city_id, f."cityId", 0), i.city_exists
    FROM input i JOIN public.forecast f ON f.id = i.id
    UNION ALL
    SELECT NULL, NULL, NULL
    WHERE (SELECT count(*) FROM changed) < (SELECT count(*) FROM input) AND ${WAIT_FOR_WAL} IS NULL`,
};

/** PostgreSQL's text form of an array with one number from each row, in one pass: pg would check the type of each element. */
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

type AddKind = "addCity" | "addForecast";

interface Adding<K extends AddKind> {
  readonly add: Statement;
  /** Finds the rows that an earlier attempt added. */
  readonly there: Statement;
  /** The parameters of both; `add` takes the requests, too. */
  readonly columns: (batch: readonly Batched<K>[]) => unknown[];
}

/** The outcome of adding a batch. */
interface AddedRows {
  /** The id under which it is stored; undefined if it is not stored. */
  idOf(row: Batched<AddKind>): number | undefined;
  readonly unknownCities: ReadonlySet<number>;
}

async function addRows<K extends AddKind>(
  { add, there, columns }: Adding<K>,
  connection: Connection,
  batch: readonly Batched<K>[],
  deadlineMs: number,
): Promise<AddedRows> {
  const sent = withoutRepeated(batch);
  const values = [...columns(sent), requestsOf(sent)];
  const rows = await repeatedOnSameRequest(sent.length, () => connection.query(add, values, deadlineMs));
  const ids = new Map(sent.map(({ id }) => [id, id]));
  const unknownCities = new Set<number>();
  let hasEarlier = false;
  for (const [id, earlier, cityId] of rows) {
    if (cityId !== undefined && cityId !== null) unknownCities.add(Number(cityId));
    else if (earlier === null || earlier === undefined) ids.delete(Number(id));
    else {
      ids.set(Number(id), Number(earlier));
      hasEarlier = true;
    }
  }
  if (hasEarlier) await connection.query(WAIT, [], deadlineMs);
  const doubtful = sent.filter(({ id, mayBeDone }) => mayBeDone && !ids.has(id));
  if (doubtful.length > 0) {
    for (const id of idsOf(await connection.query(there, columns(doubtful), deadlineMs))) ids.set(id, id);
  }
  return { idOf: ({ id }) => ids.get(id), unknownCities };
}

/** Of rows with the same request only the first; the others find it stored when they are sent after it. */
function withoutRepeated<K extends AddKind>(batch: readonly Batched<K>[]): readonly Batched<K>[] {
  const seen = new Set<string>();
  return batch.filter(({ input: { request } }) => {
    if (request === null) return true;
    const isFirst = !seen.has(request);
    seen.add(request);
    return isFirst;
  });
}

/** Null if no row has one: PostgreSQL fills the column with NULL. */
function requestsOf(batch: readonly Batched<WriteKind>[]): readonly (string | null)[] | null {
  return batch.some(({ input }) => input.request !== null) ? batch.map(({ input }) => input.request) : null;
}

const REQUEST_INDEXES: readonly unknown[] = ["cities_request", "forecast_request"];

/**
 * If two replicas store the same request at the same time, one statement fails. Sent again, it finds what the other one
 * stored: at most once for each row.
 */
async function repeatedOnSameRequest<Result>(attempts: number, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const isSameRequest = REQUEST_INDEXES.includes((error as { constraint?: unknown }).constraint);
    if (!isSameRequest || attempts === 0) throw error;
    return repeatedOnSameRequest(attempts - 1, work);
  }
}

const ADD_CITY: Adding<"addCity"> = { add: ADD_CITIES, there: CITIES_THERE, columns: cityColumns };
const ADD_FORECAST: Adding<"addForecast"> = { add: ADD_FORECASTS, there: FORECASTS_THERE, columns: forecastColumns };

export const STATEMENTS: { readonly [K in WriteKind]: BatchStatement<K> } = {
  addCity: {
    idsFrom: "cities",
    run: async (connection, batch, deadlineMs) => {
      const { idOf } = await addRows(ADD_CITY, connection, batch, deadlineMs);
      return batch.map((row) => {
        const id = idOf(row);
        return id === undefined ? undefined : { id };
      });
    },
  },
  addForecast: {
    idsFrom: "forecast",
    run: async (connection, batch, deadlineMs) => {
      const { idOf, unknownCities } = await addRows(ADD_FORECAST, connection, batch, deadlineMs);
      return batch.map((row): Added | undefined => {
        if (unknownCities.has(row.input.cityId)) return { found: false };
        const id = idOf(row);
        return id === undefined ? undefined : { found: true, id };
      });
    },
  },
  renameCity: {
    key: (input) => input.id,
    run: async (connection, batch, deadlineMs) => {
      const rows = await connection.query(
        RENAME_CITIES,
        [
          numbers(batch, (row) => row.input.id),
          batch.map((row) => row.input.name),
          batch.map((row) => row.input.asOf),
          requestsOf(batch),
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
          numbers(batch, (row) => row.input.id),
          numbers(batch, (row) => row.input.cityId),
          numbers(batch, (row) => row.input.dateTime),
          numbers(batch, (row) => row.input.temperature),
          batch.map((row) => row.input.summary),
          batch.map((row) => row.input.asOf),
          requestsOf(batch),
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
