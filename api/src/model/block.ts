import { trimmed, withRoom } from "./columns.ts";

/** The id of a city's own entry, which stands before the city's values. */
export const CITY_ENTRY = Number.NEGATIVE_INFINITY;

/** A full block: new entries behind it start another one. */
export const BLOCK_BYTES = 32_768;
/** A block that grew to this by entries between its own is cut. */
export const MAX_BLOCK_BYTES = 2 * BLOCK_BYTES;
/** City, id, time and end of an entry, and the comma behind its JSON. */
export const ENTRY_COLUMNS_BYTES = 29;
/** The objects of a block. */
const BLOCK_OVERHEAD_BYTES = 1_024;
/** What the allocator takes for a block's five buffers, as a multiple of their bytes (600 blocks of 56 kB: 1.126). */
const ALLOCATED_PER_BYTE = 1.12;
const COMMA = 0x2c;

/** Entries in the order of (city, id), with their JSON joined by commas. */
export interface BlockColumns {
  /** The city of each entry. */
  readonly cities: Float64Array<ArrayBuffer>;
  /** The value's id, or CITY_ENTRY. */
  readonly ids: Float64Array<ArrayBuffer>;
  /** The value's `dateTime`; 0 for a city. */
  readonly times: BigInt64Array<ArrayBuffer>;
  /** Where each entry's JSON ends in `json`. */
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly json: Uint8Array<ArrayBuffer>;
}

/**
 * A run of entries, cities and their values, in the order of the lists. A block never changes: every edit returns a new
 * one, so an answer that is being sent keeps its bytes. Appending writes after the end of the shared buffers, which no
 * older block can see; only the newest block of a place may be appended to.
 */
export class Block implements BlockColumns {
  readonly cities: Float64Array<ArrayBuffer>;
  readonly ids: Float64Array<ArrayBuffer>;
  readonly times: BigInt64Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly json: Uint8Array<ArrayBuffer>;
  /** True once other bytes are in its place: what it holds is then held for answers alone. */
  isReplaced = false;
  #ofCities: { readonly entries: number; readonly bytes: number } | undefined;

  constructor(columns: BlockColumns) {
    this.cities = columns.cities;
    this.ids = columns.ids;
    this.times = columns.times;
    this.ends = columns.ends;
    this.json = columns.json;
  }

  get length(): number {
    return this.ids.length;
  }

  get firstCity(): number {
    return this.cities[0] ?? Number.POSITIVE_INFINITY;
  }

  get firstId(): number {
    return this.ids[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Bytes that this block keeps in memory. */
  get heldBytes(): number {
    const { cities, ids, times, ends, json } = this;
    const columns = cities.buffer.byteLength + ids.buffer.byteLength + times.buffer.byteLength + ends.buffer.byteLength;
    return Math.round(ALLOCATED_PER_BYTE * (columns + json.buffer.byteLength)) + BLOCK_OVERHEAD_BYTES;
  }

  /**
   * Its cities' own entries: their number, and the bytes of their JSON. A block that came from another one by changes of
   * values alone has the same object.
   */
  get ofCities(): { readonly entries: number; readonly bytes: number } {
    this.#ofCities ??= this.#countCities();
    return this.#ofCities;
  }

  /** The JSON of the entries from index `from` up to, not including, `to`. */
  jsonBetween(from: number, to: number): Uint8Array {
    return this.json.subarray(this.startOf(from), this.ends[to - 1] ?? 0);
  }

  /** Where the entry's JSON begins in `json`. */
  startOf(index: number): number {
    return index === 0 ? 0 : (this.ends[index - 1] ?? 0) + 1;
  }

  jsonOf(city: number, id: number): Uint8Array | undefined {
    const index = this.positionOf(city, id);
    return this.#isAt(index, city, id) ? this.jsonBetween(index, index + 1) : undefined;
  }

  sameBytesAs(other: Block): boolean {
    return this.length === other.length && Buffer.compare(this.json, other.json) === 0;
  }

  /** The index of the first entry that is not less than (city, id), from index `low` on. */
  positionOf(city: number, id: number, low = 0): number {
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.cities[middle] ?? 0;
      if (at < city || (at === city && (this.ids[middle] ?? 0) < id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether all entries of `other` belong behind this block's last one. */
  endsBefore(other: Block): boolean {
    return this.positionOf(other.firstCity, other.firstId) === this.length;
  }

  /** This block with entries added; an entry whose key exists replaces that one. */
  with(entries: Block): Block {
    if (entries.length === 0) return this;
    if (this.length === 0) return entries;
    const changed = this.endsBefore(entries) ? this.#append(entries) : this.#merge(entries);
    if (entries.ofCities.entries === 0) changed.#ofCities = this.ofCities;
    return changed;
  }

  /** This block without the entry, or undefined when nothing is left. */
  without(city: number, id: number): Block | undefined {
    const at = this.positionOf(city, id);
    if (!this.#isAt(at, city, id)) return this;
    return this.length === 1 ? undefined : this.ofRuns([0, at], [at + 1, this.length]);
  }

  /** The entries from index `from` up to, not including, `to` as a block of its own. */
  slice(from: number, to: number): Block {
    return from === 0 && to === this.length ? this : this.ofRuns([from, to]);
  }

  /** Blocks of about BLOCK_BYTES, at least one entry each. */
  cut(): Block[] {
    if (this.json.length <= MAX_BLOCK_BYTES) return [this];
    const target = this.json.length / Math.ceil(this.json.length / BLOCK_BYTES);
    const blocks: Block[] = [];
    for (let from = 0; from < this.length; ) {
      const to = Math.max(from + 1, this.entriesWithin(this.startOf(from) + target));
      blocks.push(this.slice(from, to));
      from = to;
    }
    return blocks;
  }

  /** How many of its entries end at or before this byte of `json`. */
  entriesWithin(byte: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] ?? 0) <= byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  ofRuns(...runs: (readonly [from: number, to: number])[]): Block {
    const builder = new BlockBuilder(
      runs.reduce((sum, [from, to]) => sum + to - from, 0),
      runs.reduce((sum, [from, to]) => sum + (to > from ? this.jsonBetween(from, to).length + 1 : 0), 0),
    );
    for (const [from, to] of runs) builder.addRun(this, from, to);
    return builder.block();
  }

  #isAt(index: number, city: number, id: number): boolean {
    return this.ids[index] === id && this.cities[index] === city;
  }

  #countCities(): { entries: number; bytes: number } {
    let [entries, bytes] = [0, 0];
    for (let at = this.ids.indexOf(CITY_ENTRY); at >= 0; at = this.ids.indexOf(CITY_ENTRY, at + 1)) {
      entries += 1;
      bytes += (this.ends[at] ?? 0) - this.startOf(at);
    }
    return { entries, bytes };
  }

  #append(entries: Block): Block {
    const before = this.json.length;
    const json = withRoom(this.json, entries.json.length + 1);
    const cities = withRoom(this.cities, entries.length);
    const ids = withRoom(this.ids, entries.length);
    const times = withRoom(this.times, entries.length);
    const ends = withRoom(this.ends, entries.length);
    json[before] = COMMA;
    json.set(entries.json, before + 1);
    cities.set(entries.cities, this.length);
    ids.set(entries.ids, this.length);
    times.set(entries.times, this.length);
    for (const [index, end] of entries.ends.entries()) ends[this.length + index] = before + 1 + end;
    return new Block({ cities, ids, times, ends, json });
  }

  #merge(entries: Block): Block {
    const builder = new BlockBuilder(this.length + entries.length, this.json.length + entries.json.length + 1);
    let from = 0;
    for (let index = 0; index < entries.length; index += 1) {
      const [city = 0, id = 0] = [entries.cities[index], entries.ids[index]];
      const at = this.positionOf(city, id, from);
      builder.addRun(this, from, at);
      builder.addRun(entries, index, index + 1);
      from = this.#isAt(at, city, id) ? at + 1 : at;
    }
    builder.addRun(this, from, this.length);
    return builder.block();
  }
}

/** Builds a block from runs of others, in their order. The capacities are upper bounds. */
export class BlockBuilder {
  readonly #cities: Float64Array<ArrayBuffer>;
  readonly #ids: Float64Array<ArrayBuffer>;
  readonly #times: BigInt64Array<ArrayBuffer>;
  readonly #ends: Uint32Array<ArrayBuffer>;
  readonly #json: Uint8Array<ArrayBuffer>;
  #length = 0;
  #bytes = 0;

  /** @param jsonBytes with a comma for each run */
  constructor(entries: number, jsonBytes: number) {
    this.#cities = new Float64Array(entries);
    this.#ids = new Float64Array(entries);
    this.#times = new BigInt64Array(entries);
    this.#ends = new Uint32Array(entries);
    this.#json = new Uint8Array(jsonBytes);
  }

  addRun(block: Block, from: number, to: number): void {
    if (to <= from) return;
    if (this.#length > 0) this.#json[this.#bytes++] = COMMA;
    const json = block.jsonBetween(from, to);
    this.#json.set(json, this.#bytes);
    const shift = this.#bytes - block.startOf(from);
    this.#bytes += json.length;
    this.#cities.set(block.cities.subarray(from, to), this.#length);
    this.#ids.set(block.ids.subarray(from, to), this.#length);
    this.#times.set(block.times.subarray(from, to), this.#length);
    for (let index = from; index < to; index += 1)
      this.#ends[this.#length + index - from] = (block.ends[index] ?? 0) + shift;
    this.#length += to - from;
  }

  block(): Block {
    return new Block({
      cities: trimmed(this.#cities, this.#length),
      ids: trimmed(this.#ids, this.#length),
      times: trimmed(this.#times, this.#length),
      ends: trimmed(this.#ends, this.#length),
      json: trimmed(this.#json, this.#bytes),
    });
  }
}
