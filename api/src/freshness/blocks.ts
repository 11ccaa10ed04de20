import { Block, endsOf } from "../model/block.ts";
import type { Row } from "../postgres/connection.ts";

/** The data cannot be served, however long one waits. */
export class UnservableData extends Error {}

/** A row's id is no number that JSON clients can read. */
class UnservableId extends UnservableData {
  override readonly name = "UnservableId";
}

/**
 * Aggregates that make one row of many values of one city: their numbers as the big-endian bytes of PostgreSQL's binary
 * formats in hexadecimal, which are decoded without a look at each, and their JSON. Over columns id, "dateTime" (not
 * null) and json.
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

/** Ids are kept as doubles. A sequence does not reach 2^53 in a lifetime; a row put there by hand is refused, not rounded. */
export function exactId(text: string | null | undefined): number {
  return exactInteger(BigInt(text ?? 0));
}

function exactInteger(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new UnservableId(`id ${value} is beyond 2^53: such rows cannot be served`);
  return number;
}
