import { withRoom } from "./columns.ts";

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
    return this.length === 1 ? undefined : this.outside(at, at + 1);
  }

  /** The entries from index `from` up to, not including, `to` as a block of its own. */
  slice(from: number, to: number): Block {
    return from === 0 && to === this.length ? this : blockOfRuns([{ block: this, from, to }]);
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

  /** This block without the entries from index `from` up to, not including, `to`. */
  outside(from: number, to: number): Block {
    return blockOfRuns([
      { block: this, from: 0, to: from },
      { block: this, from: to, to: this.length },
    ]);
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
    const runs: Run[] = [];
    let from = 0;
    for (let index = 0; index < entries.length; index += 1) {
      const [city = 0, id = 0] = [entries.cities[index], entries.ids[index]];
      const at = this.positionOf(city, id, from);
      runs.push({ block: this, from, to: at }, { block: entries, from: index, to: index + 1 });
      from = this.#isAt(at, city, id) ? at + 1 : at;
    }
    return blockOfRuns([...runs, { block: this, from, to: this.length }]);
  }
}

/** Entries of a block from index `from` up to, not including, `to`. */
export interface Run {
  readonly block: Block;
  readonly from: number;
  readonly to: number;
}

/** A block of runs of others, in their order. It has no room for more. */
export function blockOfRuns(runs: readonly Run[]): Block {
  const filled = runs.filter(({ from, to }) => to > from);
  const length = filled.reduce((sum, { from, to }) => sum + to - from, 0);
  const bytes = filled.reduce((sum, { block, from, to }) => sum + block.jsonBetween(from, to).length + 1, -1);
  const cities = new Float64Array(length);
  const ids = new Float64Array(length);
  const times = new BigInt64Array(length);
  const ends = new Uint32Array(length);
  const json = new Uint8Array(Math.max(0, bytes));
  let [entry, byte] = [0, 0];
  for (const { block, from, to } of filled) {
    if (entry > 0) json[byte++] = COMMA;
    const shift = byte - block.startOf(from);
    json.set(block.jsonBetween(from, to), byte);
    cities.set(block.cities.subarray(from, to), entry);
    ids.set(block.ids.subarray(from, to), entry);
    times.set(block.times.subarray(from, to), entry);
    for (let index = from; index < to; index += 1) ends[entry++] = (block.ends[index] ?? 0) + shift;
    byte = ends[entry - 1] ?? 0;
  }
  return new Block({ cities, ids, times, ends, json });
}
