const IDS_PER_PAGE = 1_024;
/** A page's entry in the map, and its typed array. */
const PAGE_OVERHEAD_BYTES = 160;

/**
 * Which city each value belongs to. Ids come from a sequence and are dense, so a table of pages costs 4 bytes a value (a
 * Map of a million entries costs ten times that) and takes ids in any order. A page with the id of a city that does not
 * fit into 32 bits takes 8.
 */
export class IdIndex {
  readonly #pages = new Map<number, Uint32Array | Float64Array>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get(id: number): number | undefined {
    const page = Math.floor(id / IDS_PER_PAGE);
    const entries = this.#pages.get(page);
    if (!entries) return undefined;
    const entry = entries[id - page * IDS_PER_PAGE] ?? 0;
    if (entries instanceof Float64Array) return Number.isNaN(entry) ? undefined : entry;
    return entry === 0 ? undefined : entry - 1;
  }

  set(id: number, city: number): void {
    const page = Math.floor(id / IDS_PER_PAGE);
    let entries = this.#pages.get(page) ?? this.#keep(page, new Uint32Array(IDS_PER_PAGE));
    if (entries instanceof Uint32Array && (city < 0 || city >= 2 ** 32 - 1)) entries = this.#keep(page, wide(entries));
    entries[id - page * IDS_PER_PAGE] = entries instanceof Float64Array ? city : city + 1;
  }

  #keep(page: number, entries: Uint32Array | Float64Array): Uint32Array | Float64Array {
    this.#bytes += entries.byteLength + PAGE_OVERHEAD_BYTES;
    const before = this.#pages.get(page);
    if (before) this.#bytes -= before.byteLength + PAGE_OVERHEAD_BYTES;
    this.#pages.set(page, entries);
    return entries;
  }
}

function wide(entries: Uint32Array): Float64Array {
  return Float64Array.from(entries, (entry) => (entry === 0 ? Number.NaN : entry - 1));
}
