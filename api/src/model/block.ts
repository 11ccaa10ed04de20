import { type Checksum, checksumOf, extendChecksum } from "./crc32.ts";

/** The length of blocks whose values arrive in the order of their ids. A block that grows to twice that is split. */
export const ROWS_PER_BLOCK = 1_024;
const COMMA = 0x2c;

/**
 * A run of one city's values in the order of their ids, with their JSON joined by commas. A block never changes: every
 * edit returns a new one, so an answer that is being sent keeps its bytes. Appending writes after the end of the shared
 * buffer, which no older block can see; only the newest block of a series may be appended to.
 */
export class Block {
  /** Compressed forms, made when they are first needed. */
  readonly encoded: { gzip?: Uint8Array; zstd?: Uint8Array } = {};
  #checksum: Checksum | undefined;

  private constructor(
    readonly ids: Float64Array<ArrayBuffer>,
    readonly times: BigInt64Array<ArrayBuffer>,
    /** Where each row's JSON ends in `json`. */
    readonly ends: Uint32Array<ArrayBuffer>,
    readonly json: Uint8Array<ArrayBuffer>,
    checksum?: Checksum,
  ) {
    this.#checksum = checksum;
  }

  /** Takes over columns in the order of the ids. */
  static of(columns: {
    readonly ids: Float64Array<ArrayBuffer>;
    readonly times: BigInt64Array<ArrayBuffer>;
    readonly ends: Uint32Array<ArrayBuffer>;
    readonly json: Uint8Array<ArrayBuffer>;
  }): Block {
    return new Block(columns.ids, columns.times, columns.ends, columns.json);
  }

  get rows(): number {
    return this.ids.length;
  }

  get firstId(): number {
    return this.ids[0] ?? Number.POSITIVE_INFINITY;
  }

  get lastId(): number {
    return this.ids[this.ids.length - 1] ?? Number.NEGATIVE_INFINITY;
  }

  get checksum(): Checksum {
    this.#checksum ??= checksumOf(this.json);
    return this.#checksum;
  }

  /** Bytes that this block keeps in memory, compressed forms included. */
  get heldBytes(): number {
    const encoded = (this.encoded.gzip?.length ?? 0) + (this.encoded.zstd?.length ?? 0);
    return (
      this.json.buffer.byteLength +
      this.ids.buffer.byteLength +
      this.times.buffer.byteLength +
      this.ends.buffer.byteLength +
      encoded
    );
  }

  /** The JSON of the rows from index `from` up to, not including, `to`. */
  jsonBetween(from: number, to: number): Uint8Array {
    return this.json.subarray(this.#startOf(from), this.ends[to - 1] ?? 0);
  }

  jsonOf(id: number): Uint8Array | undefined {
    const index = this.positionOf(id);
    return this.ids[index] === id ? this.jsonBetween(index, index + 1) : undefined;
  }

  sameBytesAs(other: Block): boolean {
    return this.rows === other.rows && Buffer.compare(this.json, other.json) === 0;
  }

  /** This block with values added; a value whose id exists replaces that one. */
  with(values: Block): Block {
    if (values.rows === 0) return this;
    return values.firstId > this.lastId ? this.#append(values) : this.#merge(values);
  }

  /** This block without the row, or undefined when nothing is left. */
  without(id: number): Block | undefined {
    const at = this.positionOf(id);
    if (this.ids[at] !== id) return this;
    return this.rows === 1 ? undefined : this.#ofRuns([0, at], [at + 1, this.rows]);
  }

  /** The rows from index `from` up to, not including, `to` as a block of its own. */
  slice(from: number, to: number): Block {
    return from === 0 && to === this.rows ? this : this.#ofRuns([from, to]);
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.ends[index - 1] ?? 0) + 1;
  }

  /** The index of the first id that is not less than `id`. */
  positionOf(id: number): number {
    let low = 0;
    let high = this.ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ids[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #append(values: Block): Block {
    const before = this.json.length;
    const json = withRoom(this.json, values.json.length + 1);
    const ids = withRoom(this.ids, values.rows);
    const times = withRoom(this.times, values.rows);
    const ends = withRoom(this.ends, values.rows);
    json[before] = COMMA;
    json.set(values.json, before + 1);
    ids.set(values.ids, this.rows);
    times.set(values.times, this.rows);
    for (const [index, end] of values.ends.entries()) ends[this.rows + index] = before + 1 + end;
    const checksum = this.#checksum && extendChecksum(this.#checksum, json.subarray(before));
    return new Block(ids, times, ends, json, checksum);
  }

  #merge(values: Block): Block {
    const columns = new Columns(this.rows + values.rows, this.json.length + values.json.length);
    let from = 0;
    for (const [index, id] of values.ids.entries()) {
      const at = this.positionOf(id);
      columns.addRun(this, from, at);
      columns.addRun(values, index, index + 1);
      from = this.ids[at] === id ? at + 1 : at;
    }
    columns.addRun(this, from, this.rows);
    return new Block(columns.ids, columns.times, columns.ends, columns.json);
  }

  #ofRuns(...runs: (readonly [from: number, to: number])[]): Block {
    const rows = runs.reduce((sum, [from, to]) => sum + to - from, 0);
    const bytes = runs.reduce((sum, [from, to]) => sum + (to > from ? this.jsonBetween(from, to).length : 0), 0);
    const columns = new Columns(rows, bytes);
    for (const [from, to] of runs) columns.addRun(this, from, to);
    return new Block(columns.ids, columns.times, columns.ends, columns.json);
  }
}

/** Builds a block from runs of others. The capacities are upper bounds. */
class Columns {
  readonly #ids: Float64Array<ArrayBuffer>;
  readonly #times: BigInt64Array<ArrayBuffer>;
  readonly #ends: Uint32Array<ArrayBuffer>;
  readonly #json: Uint8Array<ArrayBuffer>;
  #rows = 0;
  #length = 0;

  constructor(rows: number, jsonBytes: number) {
    this.#ids = new Float64Array(rows);
    this.#times = new BigInt64Array(rows);
    this.#ends = new Uint32Array(rows);
    this.#json = new Uint8Array(jsonBytes + rows);
  }

  get ids(): Float64Array<ArrayBuffer> {
    return trimmed(this.#ids, this.#rows);
  }

  get times(): BigInt64Array<ArrayBuffer> {
    return trimmed(this.#times, this.#rows);
  }

  get ends(): Uint32Array<ArrayBuffer> {
    return trimmed(this.#ends, this.#rows);
  }

  get json(): Uint8Array<ArrayBuffer> {
    return trimmed(this.#json, this.#length);
  }

  addRun(block: Block, from: number, to: number): void {
    if (to <= from) return;
    const json = block.jsonBetween(from, to);
    this.#addJson(json);
    this.#ids.set(block.ids.subarray(from, to), this.#rows);
    this.#times.set(block.times.subarray(from, to), this.#rows);
    const shift = this.#length - (block.ends[to - 1] ?? 0);
    for (let index = from; index < to; index += 1)
      this.#ends[this.#rows + index - from] = (block.ends[index] ?? 0) + shift;
    this.#rows += to - from;
  }

  #addJson(json: Uint8Array): void {
    if (this.#length > 0) this.#json[this.#length++] = COMMA;
    this.#json.set(json, this.#length);
    this.#length += json.length;
  }
}

/** Where rows of these lengths end when they are joined by single commas. */
export function endsOf(lengths: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const ends = new Uint32Array(lengths.length);
  let end = -1;
  for (let index = 0; index < lengths.length; index += 1) {
    end += 1 + (lengths[index] ?? 0);
    ends[index] = end;
  }
  return ends;
}

type Column =
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** The first elements: a view if that wastes little, else a copy, because a view keeps the whole buffer in memory. */
function trimmed<T extends Column>(column: T, length: number): T {
  return (length < 0.8 * column.length ? column.slice(0, length) : column.subarray(0, length)) as T;
}

/** A view that is `more` elements longer: over the same buffer if it has room, else over a larger copy. */
function withRoom<T extends Column>(column: T, more: number): T {
  const length = column.length + more;
  const View = column.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => T;
  if (column.byteOffset === 0 && length * column.BYTES_PER_ELEMENT <= column.buffer.byteLength) {
    return new View(column.buffer, 0, length);
  }
  const capacity = Math.max(length, Math.ceil(column.length * 1.25), 16);
  const larger = new View(new ArrayBuffer(capacity * column.BYTES_PER_ELEMENT), 0, length);
  new Uint8Array(larger.buffer).set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  return larger;
}
