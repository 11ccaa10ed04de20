import { type Checksum, checksumOf, extendChecksum } from "./crc32.ts";

/** One forecast value as the model keeps it: its key, its time for range queries, and the JSON bytes clients get. */
export interface ForecastRow {
  readonly id: number;
  readonly cityId: number;
  readonly dateTime: bigint;
  readonly json: Uint8Array;
}

/** Blocks are this long when values arrive in the order of their ids; one that grows to twice that is split. */
export const ROWS_PER_BLOCK = 512;
const COMMA = 0x2c;

/**
 * A run of one city's values in the order of their ids, with their JSON joined by commas. A block never changes: every
 * edit returns a new one, so an answer that is being sent keeps the bytes it began with. Appending writes behind the end
 * of the shared buffer, which no older block can see; only the newest block of a series may be appended to.
 */
export class Block {
  /** Compressed forms, made when first asked for. */
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

  /** Takes over columns that were loaded in the order of the ids. */
  static of(columns: {
    readonly ids: Float64Array<ArrayBuffer>;
    readonly times: BigInt64Array<ArrayBuffer>;
    readonly ends: Uint32Array<ArrayBuffer>;
    readonly json: Uint8Array<ArrayBuffer>;
  }): Block {
    return new Block(columns.ids, columns.times, columns.ends, columns.json);
  }

  static ofRow(row: ForecastRow): Block {
    return new Block(
      Float64Array.of(row.id),
      BigInt64Array.of(row.dateTime),
      Uint32Array.of(row.json.length),
      new Uint8Array(row.json),
    );
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

  /** Bytes this block holds on to, compressed forms included. */
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
    const index = this.#positionOf(id);
    return this.ids[index] === id ? this.jsonBetween(index, index + 1) : undefined;
  }

  sameBytesAs(other: Block): boolean {
    return this.rows === other.rows && Buffer.compare(this.json, other.json) === 0;
  }

  /** This block with the row added, or put in the place of the row with its id. */
  with(row: ForecastRow): Block {
    if (row.id > this.lastId) return this.#append(row);
    const at = this.#positionOf(row.id);
    return this.#splice(at, this.ids[at] === row.id ? 1 : 0, row);
  }

  /** This block without the row, or undefined when nothing is left. */
  without(id: number): Block | undefined {
    const at = this.#positionOf(id);
    if (this.ids[at] !== id) return this;
    return this.rows === 1 ? undefined : this.#splice(at, 1);
  }

  halves(): [Block, Block] {
    const middle = this.rows >> 1;
    const cut = this.#startOf(middle);
    return [
      new Block(
        this.ids.slice(0, middle),
        this.times.slice(0, middle),
        this.ends.slice(0, middle),
        this.json.slice(0, cut - 1),
      ),
      new Block(
        this.ids.slice(middle),
        this.times.slice(middle),
        this.ends.slice(middle).map((end) => end - cut),
        this.json.slice(cut),
      ),
    ];
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.ends[index - 1] ?? 0) + 1;
  }

  /** The index of the first id that is not less than `id`. */
  #positionOf(id: number): number {
    let low = 0;
    let high = this.ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ids[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #append(row: ForecastRow): Block {
    const rows = this.rows;
    const length = this.json.length;
    const json = withRoom(this.json, row.json.length + 1);
    json[length] = COMMA;
    json.set(row.json, length + 1);
    const ids = withRoom(this.ids, 1);
    ids[rows] = row.id;
    const times = withRoom(this.times, 1);
    times[rows] = row.dateTime;
    const ends = withRoom(this.ends, 1);
    ends[rows] = json.length;
    const checksum = this.#checksum && extendChecksum(this.#checksum, json.subarray(length));
    return new Block(ids, times, ends, json, checksum);
  }

  #splice(at: number, removed: number, row?: ForecastRow): Block {
    const jsons: Uint8Array[] = [];
    if (at > 0) jsons.push(this.jsonBetween(0, at));
    if (row) jsons.push(row.json);
    if (at + removed < this.rows) jsons.push(this.jsonBetween(at + removed, this.rows));
    const lengths = Array.from(this.ends, (end, index) => end - this.#startOf(index));
    lengths.splice(at, removed, ...(row ? [row.json.length] : []));
    const ids = Array.from(this.ids);
    ids.splice(at, removed, ...(row ? [row.id] : []));
    const times = Array.from(this.times);
    times.splice(at, removed, ...(row ? [row.dateTime] : []));
    return new Block(Float64Array.from(ids), BigInt64Array.from(times), endsOf(lengths), joinedByCommas(jsons));
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

function joinedByCommas(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, parts.length - 1));
  let offset = 0;
  for (const part of parts) {
    if (offset > 0) joined[offset++] = COMMA;
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

type Column =
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** A view that is `more` elements longer: over the same buffer where it has room behind the end, else over a larger copy. */
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
