import { Block, CITY_ENTRY } from "../model/block.ts";
import { endsOf } from "../model/columns.ts";
import type { Row } from "../postgres/connection.ts";

/** The data cannot be served, and waiting does not help. */
export class UnservableData extends Error {}

/** A row's id is too large for a JSON client to read exactly. */
class UnservableId extends UnservableData {
  override readonly name = "UnservableId";
}

/**
 * SQL expressions that render a row as the exact JSON bytes that clients get. PostgreSQL does this work and the read
 * model never parses the bytes: mainly therefore a replica with a quarter of a core is ready within a second.
 * `wire-json.test.ts` compares them with JSON.stringify.
 */
export const CITY_JSON = `'{"id":' || id || ',"name":' || coalesce(to_json(name)::text, '""') || '}'`;

export const FORECAST_JSON = `'{"id":' || id || ',"cityId":' || coalesce("cityId", 0) || ',"dateTime":' || coalesce("dateTime", 0)
  || ',"temperature":' || coalesce(temperature, 0) || ',"summary":' || coalesce(to_json(summary)::text, 'null') || '}'`;

/** The id of a city's own entry in the database's answer: no row has it, and it comes before all others. */
const CITY_ROW_ID = -(2n ** 63n);

/**
 * Cities and values in one form, as entries: `city`, `id`, `at` (the value's dateTime) and `json`.
 *
 * @param cities a FROM item with rows of the table, as `forecast`
 */
export function entries(cities = "public.cities", forecast = "public.forecast"): string {
  return `
    SELECT id AS city, (${CITY_ROW_ID})::bigint AS id, 0::bigint AS at, ${CITY_JSON} AS json FROM ${cities}
    UNION ALL
    SELECT coalesce("cityId", 0)::bigint, id, coalesce("dateTime", 0)::bigint, ${FORECAST_JSON} FROM ${forecast}`;
}

/**
 * Aggregates that make one row of many entries: their numbers as hexadecimal digits of PostgreSQL's binary format
 * (big-endian), which are decoded all at once, and their JSON.
 */
export const BLOCK_COLUMNS = `
  encode(string_agg(int8send(city), ''::bytea ORDER BY city, id), 'hex'),
  encode(string_agg(int8send(id), ''::bytea ORDER BY city, id), 'hex'),
  encode(string_agg(int8send(at), ''::bytea ORDER BY city, id), 'hex'),
  encode(string_agg(int4send(octet_length(json)), ''::bytea ORDER BY city, id), 'hex'),
  string_agg(json, ',' ORDER BY city, id)`;

/** @param columns those of BLOCK_COLUMNS */
export function parseBlock(columns: Row): Block {
  const [cities, ids, times, lengths, json] = columns;
  if (!cities || !ids || !times || !lengths || !json) throw new Error("a block from the database lacks a column");
  return new Block({
    cities: Float64Array.from(int64s(cities), exactInteger),
    ids: Float64Array.from(int64s(ids), entryId),
    times: int64s(times),
    ends: endsOf(int32s(lengths)),
    json: encoder.encode(json),
  });
}

const encoder = new TextEncoder();

function int64s(hex: string): BigInt64Array<ArrayBuffer> {
  return new BigInt64Array(new Uint8Array(Buffer.from(hex, "hex").swap64()).buffer);
}

function int32s(hex: string): Int32Array<ArrayBuffer> {
  return new Int32Array(new Uint8Array(Buffer.from(hex, "hex").swap32()).buffer);
}

function entryId(value: bigint): number {
  return value === CITY_ROW_ID ? CITY_ENTRY : exactInteger(value);
}

/** Ids are kept as doubles. No sequence reaches 2^53; a row with a larger id, inserted by hand, is refused, not rounded. */
function exactInteger(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new UnservableId(`id ${value} is beyond 2^53: such rows cannot be served`);
  return number;
}
