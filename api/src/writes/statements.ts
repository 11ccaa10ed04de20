import type { Connection, Row, Statement } from "../postgres/connection.ts";

/** A value as a client sends it; `dateTime` keeps all 64 bits. */
export interface ForecastInput {
  readonly dateTime: bigint;
  readonly temperature: number;
  readonly summary: string | null;
}

export type WriteKind = keyof Writes;

interface Repeatable {
  /**
   * The request's identity, by which a repeated one is recognized; null without one. 32 hexadecimal digits: the first
   * KEY_DIGITS are of its key, the others of its content.
   */
  readonly request: string | null;
}

/** How many digits of a request's identity are of its key. Two of 10^9 keys have the same ones with a chance of 10^-6. */
export const KEY_DIGITS = 20;

interface Change extends Repeatable {
  readonly id: number;
  /** The pg_snapshot that the change starts from. */
  readonly asOf: string;
  /**
   * Whether the row was as the client expects it at `asOf`; undefined if the client expects nothing. With a condition, the
   * write needs an identity.
   */
  readonly condition?: boolean | undefined;
}

/**
 * Why a write was not made: it was not accepted, the database refused its data, its key came with other content, or the
 * row is not as the client expects. Or it is unconfirmed at its deadline: it may or may not be stored.
 */
export type WriteFailure = "queue full" | "refused" | "key reused" | "not as expected" | "unconfirmed";

export class WriteError extends Error {
  override readonly name = "WriteError";
  constructor(
    readonly failure: WriteFailure,
    message: string = failure,
  ) {
    super(message);
  }
}

const REUSED = new WriteError("key reused");
const UNEXPECTED = new WriteError("not as expected");

/** What each kind of write takes, and what it returns once it is done. */
export interface Writes {
  addCity: { input: Repeatable & { name: string }; output: { id: number } };
  renameCity: { input: Change & { name: string }; output: Renamed };
  addForecast: { input: Repeatable & ForecastInput & { cityId: number }; output: Added };
  changeForecast: { input: Change & ForecastInput & { cityId: number | null }; output: Changed };
  /** A commit that changes nothing, waited for like all others: it shows whether commits go through. */
  canary: { input: { request: null }; output: object };
}

export type Renamed = { readonly found: boolean };
export type Added = { readonly found: true; readonly id: number } | { readonly found: false };
export type Changed =
  | { readonly found: true; readonly cityId: number }
  | { readonly found: false; readonly missing: "forecast" | "city" };

export type Outcome<K extends WriteKind> = Writes[K]["output"] | WriteError | undefined;

/** One kind of write as a single statement for many rows. It may be sent again if its outcome is unknown. */
export interface BatchStatement<K extends WriteKind> {
  /** New rows take an id reserved from this table's sequence, and keep it however often they are sent. */
  readonly idsFrom?: "cities" | "forecast";
  /** Writes with a key in common never share a batch: each row is touched once per statement, and each request's key is. */
  readonly keys: (input: Writes[K]["input"]) => readonly (number | string)[];
  /** Writes of different groups never share a batch. */
  readonly group?: (input: Writes[K]["input"]) => boolean;
  /** For each write its output or why it was not made; undefined for a row not added because another has the reserved id. */
  run(connection: Connection, batch: readonly Batched<K>[], deadlineMs: number): Promise<Outcome<K>[]>;
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

/**
 * A request in `table` that has the key of input `i`: the same request, or one with other content. Two requests with
 * one key and different contents are both stored if two replicas get them at the same moment.
 */
function sameKey(table: string, columns: string): string {
  return `LEFT JOIN LATERAL (
        SELECT ${columns} FROM ${table} t WHERE t.request BETWEEN i.key_low AND i.key_high ORDER BY t.request LIMIT 1
      ) same_key ON true`;
}

/** Returns the ids that another row has, and those of requests done earlier, with the id that they got. */
const ADD_CITIES: Statement = {
  name: "add cities",
  text: `
    WITH input AS (
      SELECT i.*, same_key.id AS earlier, same_key.request <> i.request AS reused
      FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[]) AS i (id, name, request, key_low, key_high)
      ${sameKey("public.cities", "t.id, t.request")}
    ), added AS (
      INSERT INTO public.cities (id, name, request) SELECT id, name, request FROM input WHERE earlier IS NULL
      ON CONFLICT (id) DO NOTHING RETURNING id
    )
    SELECT id, NULL::bigint, NULL::bigint, false FROM (
      SELECT id FROM input WHERE earlier IS NULL EXCEPT ALL SELECT id FROM added) taken
    UNION ALL
    SELECT id, earlier, NULL::bigint, reused FROM input WHERE earlier IS NOT NULL`,
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
        same_key.id AS earlier, same_key.request <> i.request AS reused
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[], $6::uuid[], $7::uuid[], $8::uuid[])
        AS i (id, city_id, date_time, temperature, summary, request, key_low, key_high)
      ${sameKey("public.forecast", "t.id, t.request")}
    ), added AS (
      INSERT INTO public.forecast (id, "cityId", "dateTime", temperature, summary, request)
      SELECT id, city_id, date_time, temperature, summary, request FROM input WHERE city_exists AND earlier IS NULL
      ON CONFLICT (id) DO NOTHING RETURNING id
    )
    SELECT NULL::bigint, NULL::bigint, city_id, false FROM input WHERE NOT city_exists
    UNION ALL
    SELECT id, NULL::bigint, NULL::bigint, false FROM (
      SELECT id FROM input WHERE city_exists AND earlier IS NULL EXCEPT ALL SELECT id FROM added) taken
    UNION ALL
    SELECT id, earlier, NULL::bigint, reused FROM input WHERE earlier IS NOT NULL`,
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
 * The parts of a WITH that every change has. `locked` holds the rows that meet a condition until the statement ends. `fresh`
 * stores the identities of the requests that are made, in order, because two replicas may send the same requests; the
 * later one waits for the earlier. Some old identities are forgotten in every statement.
 *
 * @param exists whether what the request names exists: a refused change is not done
 */
function remembering(table: string, exists: string): string {
  return `locked AS MATERIALIZED (
      SELECT t.id FROM input i JOIN ${table} t ON t.id = i.id
      WHERE i.condition AND pg_visible_in_snapshot(t.version, i.as_of::pg_snapshot) FOR UPDATE OF t
    ), fresh AS (
      INSERT INTO public.weather_changes (request)
      SELECT i.request FROM input i
      WHERE i.same_key IS NULL AND i.request IS NOT NULL AND ${exists}
        AND (i.condition IS NULL OR EXISTS (SELECT FROM locked l WHERE l.id = i.id))
      ORDER BY i.request
      ON CONFLICT DO NOTHING RETURNING request
    ), forgotten AS (
      DELETE FROM public.weather_changes WHERE request IN (
        SELECT request FROM public.weather_changes WHERE at < now() - interval '${REMEMBERED}'
        ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)
    )`;
}

const IS_NEW = "(i.request IS NULL OR i.request IN (SELECT request FROM fresh))";

const IS_REUSED = "coalesce(i.same_key <> i.request, false)";
const IS_UNEXPECTED =
  "(i.condition IS NOT NULL AND i.same_key IS NULL AND NOT EXISTS (SELECT FROM changed c WHERE c.id = i.id))";

const WAIT_IF_UNCHANGED = `
    WHERE (SELECT count(*) FROM changed) < (SELECT count(*) FROM input) AND ${WAIT_FOR_WAL} IS NULL`;

/**
 * A change sets only a row that was not touched since snapshot `as_of`, which was taken after the request arrived. If the
 * row was touched since then, by another write or by an earlier attempt of this one, the change counts as done and
 * overwritten right after: the other write started while this one was open, so either order is correct, and a retry after
 * an unknown outcome can never undo a later write. This is last-writer-wins that may be repeated.
 *
 * With a condition that order is not correct: the row must not have been touched. Then the identity alone tells whether an
 * earlier attempt made the change. Such changes have statements of their own, so that every statement takes rows and
 * identities in one order.
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
      SELECT i.*, same_key.request AS same_key, EXISTS (SELECT FROM public.cities c WHERE c.id = i.id) AS city_exists
      FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[])
        AS i (id, as_of, condition, request, key_low, key_high, name)
      ${sameKey("public.weather_changes", "t.request")}
      ORDER BY i.id
    ), ${remembering("public.cities", "i.city_exists")},
    changed AS (
      UPDATE public.cities c SET name = i.name FROM input i
      WHERE c.id = i.id AND pg_visible_in_snapshot(c.version, i.as_of::pg_snapshot) AND ${IS_NEW}
      RETURNING c.id
    )
    SELECT i.id, ${IS_REUSED}, ${IS_UNEXPECTED} FROM input i WHERE i.city_exists
    UNION ALL
    SELECT NULL, NULL, NULL ${WAIT_IF_UNCHANGED}`,
};

const CHANGE_FORECASTS: Statement = {
  name: "change forecasts",
  text: `
    WITH input AS (
      SELECT i.*, same_key.request AS same_key,
        i.city_id IS NULL OR EXISTS (SELECT FROM public.cities c WHERE c.id = i.city_id) AS city_exists
      FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::uuid[], $5::uuid[], $6::uuid[],
          $7::bigint[], $8::bigint[], $9::int[], $10::text[])
        AS i (id, as_of, condition, request, key_low, key_high, city_id, date_time, temperature, summary)
      ${sameKey("public.weather_changes", "t.request")}
      ORDER BY i.id
    ), ${remembering("public.forecast", "i.city_exists AND EXISTS (SELECT FROM public.forecast f WHERE f.id = i.id)")},
    changed AS (
      UPDATE public.forecast f
      SET "cityId" = coalesce(i.city_id, f."cityId"), "dateTime" = i.date_time, temperature = i.temperature, summary = i.summary
      FROM input i
      WHERE f.id = i.id AND pg_visible_in_snapshot(f.version, i.as_of::pg_snapshot) AND i.city_exists AND ${IS_NEW}
      RETURNING f.id
    )
    SELECT i.id, ${IS_REUSED}, ${IS_UNEXPECTED}, coalesce(i.city_id, f."cityId", 0), i.city_exists
    FROM input i JOIN public.forecast f ON f.id = i.id
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL ${WAIT_IF_UNCHANGED}`,
};

/** PostgreSQL's text form of an array with one number from each row, in one pass: pg would check the type of each element. */
function numbers<T>(rows: readonly T[], numberOf: (row: T) => number | bigint | null): string {
  let text = "";
  for (const row of rows) text += `${text === "" ? "" : ","}${numberOf(row) ?? "NULL"}`;
  return `{${text}}`;
}

type AddKind = "addCity" | "addForecast";

interface Adding<K extends AddKind> {
  readonly idsFrom: "cities" | "forecast";
  readonly add: Statement;
  /** Finds the rows that an earlier attempt added. */
  readonly there: Statement;
  /** The parameters of both beside the ids; `add` takes the requests, too. */
  readonly columns: (batch: readonly Batched<K>[]) => unknown[];
  readonly outputOf: (id: number) => Writes[K]["output"];
}

function adding<K extends AddKind>({ idsFrom, add, there, columns, outputOf }: Adding<K>): BatchStatement<K> {
  const columnsOf = (batch: readonly Batched<K>[]) => [numbers(batch, (row) => row.id), ...columns(batch)];
  return {
    idsFrom,
    keys: keysOf,
    run: async (connection, batch, deadlineMs) => {
      const values = [...columnsOf(batch), ...requestColumns(batch)];
      const rows = await repeatedOnSameRequest(batch.length, () => connection.query(add, values, deadlineMs));
      /** The id under which each is stored, by its reserved id. */
      const ids = new Map(batch.map(({ id }) => [id, id]));
      const unknownCities = new Set<number>();
      const reused = new Set<number>();
      let hasEarlier = false;
      for (const [id, earlier, cityId, isReused] of rows) {
        if (cityId !== undefined && cityId !== null) unknownCities.add(Number(cityId));
        else if (isReused === "t") reused.add(Number(id));
        else if (earlier === null || earlier === undefined) ids.delete(Number(id));
        else {
          ids.set(Number(id), Number(earlier));
          hasEarlier = true;
        }
      }
      if (hasEarlier) await connection.query(WAIT, [], deadlineMs);
      const doubtful = batch.filter(({ id, mayBeDone }) => mayBeDone && !ids.has(id));
      if (doubtful.length > 0) {
        const found = await connection.query(there, columnsOf(doubtful), deadlineMs);
        for (const [id] of found) ids.set(Number(id), Number(id));
      }
      return batch.map((row): Outcome<K> => {
        if (reused.has(row.id)) return REUSED;
        if ("cityId" in row.input && unknownCities.has(row.input.cityId)) return { found: false } as Outcome<K>;
        const id = ids.get(row.id);
        return id === undefined ? undefined : outputOf(id);
      });
    },
  };
}

/** The identities, and the lowest and the highest identity with the same key. Null if no row has one: then all are NULL. */
function requestColumns(batch: readonly Batched<WriteKind>[]): readonly unknown[] {
  const requests = batch.map(({ input }) => input.request);
  if (requests.every((request) => request === null)) return [null, null, null];
  const withContent = (digit: string) => requests.map((request) => request && keyOf(request).padEnd(32, digit));
  return [requests, withContent("0"), withContent("f")];
}

function keyOf(request: string): string {
  return request.slice(0, KEY_DIGITS);
}

function keysOf({ request }: Repeatable): readonly string[] {
  return request === null ? [] : [keyOf(request)];
}

function changeColumns(batch: readonly Batched<"renameCity" | "changeForecast">[]): unknown[] {
  return [
    numbers(batch, (row) => row.input.id),
    batch.map((row) => row.input.asOf),
    batch.map((row) => row.input.condition ?? null),
    ...requestColumns(batch),
  ];
}

function rejectionOf([isReused, isUnexpected]: Row): WriteError | undefined {
  return isReused === "t" ? REUSED : isUnexpected === "t" ? UNEXPECTED : undefined;
}

/**
 * A row that is not as expected may have been changed by an earlier attempt of the same request, whose identity the
 * statement did not see because it began before that attempt's end. The second time it does.
 */
async function twiceIfUnexpected<Output>(run: () => Promise<Output[]>): Promise<Output[]> {
  const outcomes = await run();
  return outcomes.some((outcome) => outcome === UNEXPECTED) ? run() : outcomes;
}

type ChangeKind = "renameCity" | "changeForecast";

/** @param outcomeOf of what the statement returned for a row, its id left out; undefined for a row that it did not find */
function changing<K extends ChangeKind>(
  statement: Statement,
  columns: (batch: readonly Batched<K>[]) => unknown[],
  outcomeOf: (row: Row | undefined) => Outcome<K>,
): BatchStatement<K> {
  return {
    keys: (input) => [input.id, ...keysOf(input)],
    group: (input) => input.condition !== undefined,
    run: (connection, batch, deadlineMs) =>
      twiceIfUnexpected(async () => {
        const rows = await connection.query(statement, [...changeColumns(batch), ...columns(batch)], deadlineMs);
        const found = new Map(rows.map(([id, ...row]) => [Number(id), row]));
        return batch.map(({ input }) => outcomeOf(found.get(input.id)));
      }),
  };
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

/** The columns of a value beside its id and its city. */
function valueColumns(batch: readonly { readonly input: ForecastInput }[]): unknown[] {
  return [
    numbers(batch, (row) => row.input.dateTime),
    numbers(batch, (row) => row.input.temperature),
    batch.map((row) => row.input.summary),
  ];
}

export const STATEMENTS: { readonly [K in WriteKind]: BatchStatement<K> } = {
  addCity: adding({
    idsFrom: "cities",
    add: ADD_CITIES,
    there: CITIES_THERE,
    columns: (batch) => [batch.map((row) => row.input.name)],
    outputOf: (id) => ({ id }),
  }),
  addForecast: adding({
    idsFrom: "forecast",
    add: ADD_FORECASTS,
    there: FORECASTS_THERE,
    columns: (batch) => [numbers(batch, (row) => row.input.cityId), ...valueColumns(batch)],
    outputOf: (id) => ({ found: true, id }),
  }),
  renameCity: changing(
    RENAME_CITIES,
    (batch) => [batch.map((row) => row.input.name)],
    (row) => (row && rejectionOf(row)) ?? { found: row !== undefined },
  ),
  changeForecast: changing(
    CHANGE_FORECASTS,
    (batch) => [numbers(batch, (row) => row.input.cityId), ...valueColumns(batch)],
    (row) => {
      if (!row) return { found: false, missing: "forecast" };
      const [, , cityId, cityExists] = row;
      if (cityExists !== "t") return { found: false, missing: "city" };
      return rejectionOf(row) ?? { found: true, cityId: Number(cityId) };
    },
  ),
  canary: {
    keys: () => [],
    run: async (connection, batch, deadlineMs) => {
      await connection.query(WAIT, [], deadlineMs);
      return batch.map(() => ({}));
    },
  },
};
