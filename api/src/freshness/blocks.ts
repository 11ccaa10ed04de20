import { Block, endsOf } from "../model/block.ts";
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

/**
 * Aggregates that make one row of many values of one city: their numbers as hexadecimal digits of PostgreSQL's binary
 * format (big-endian), which are decoded all at once, and their JSON. Over columns id, "dateTime" (not null) and json.
 */
export const BLOCK_COLUMNS = `
  encode(string_agg(int8send(id), ''::bytea ORDER BY id), 'hex'),
  encode(string_agg(int8send("dateTime"), ''::bytea ORDER BY id), 'hex'),
  encode(string_agg(int4send(octet_length(json)), ''::bytea ORDER BY id), 'hex'),
  string_agg(json, ',' ORDER BY id)`;

/** @param columns those of BLOCK_COLUMNS */
export function parseBlock(columns: Row): Block {
  const [ids, times, lengths, json] = columns;
  if (!ids || !times || !lengths || !json) throw new Error("a block from the database lacks a column");
  return Block.of({
    ids: Float64Array.from(int64s(ids), exactInteger),
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

/** Ids are kept as doubles. No sequence reaches 2^53; a row with a larger id, inserted by hand, is refused, not rounded. */
export function exactId(text: string | null | undefined): number {
  return exactInteger(BigInt(text ?? 0));
}

function exactInteger(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new UnservableId(`id ${value} is beyond 2^53: such rows cannot be served`);
  return number;
}
