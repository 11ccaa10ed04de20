import { type Block, blockOfRuns, CITY_ENTRY, ENTRY_COLUMNS_BYTES, type Run } from "./block.ts";
import { BlockList } from "./block-list.ts";
import { IdIndex } from "./id-index.ts";

/**
 * Every row of the database in the form in which it is answered. Plain state without I/O: the change feed applies what
 * the database reports, the routes read. `revision` grows with each change: what is derived from the model is valid until
 * then.
 */
export class ReadModel {
  /** The cities with their values. */
  readonly #listed = new BlockList();
  /** Values whose city has no row: they are found by their id, and are in no list. */
  readonly #unlisted = new BlockList();
  readonly #index = new IdIndex();
  #revision = 0;
  #citiesRevision = 0;

  get revision(): number {
    return this.#revision;
  }

  /** Grows when a city is added or changed. */
  get citiesRevision(): number {
    return this.#citiesRevision;
  }

  get cities(): number {
    return this.#listed.totals.cities;
  }

  /** Forecast values held. */
  get rows(): number {
    return this.#listed.totals.entries - this.#listed.totals.cities + this.#unlisted.totals.entries;
  }

  /** What the model keeps in memory. A block is shared out by the number of its entries and the length of their JSON. */
  get bytes() {
    const { heldBytes, cities, cityBytes } = this.#listed.totals;
    const ofCities = Math.min(heldBytes, cities * ENTRY_COLUMNS_BYTES + cityBytes);
    return {
      cities: ofCities,
      values: heldBytes - ofCities + this.#unlisted.totals.heldBytes,
      index: this.#index.bytes,
    };
  }

  get totalBytes(): number {
    return this.#listed.totals.heldBytes + this.#unlisted.totals.heldBytes + this.#index.bytes;
  }

  /** Bytes of all blocks that were replaced by others so far. */
  get replacedBytes(): number {
    return this.#listed.totals.replacedBytes + this.#unlisted.totals.replacedBytes;
  }

  /** By how much `put` would make the model larger. */
  growthBy(entries: Block): number {
    let bytes = 0;
    for (let index = 0; index < entries.length; index += 1) {
      const [city = 0, id = 0] = [entries.cities[index], entries.ids[index]];
      const before = id === CITY_ENTRY ? this.cityJson(city) : this.forecastJson(id);
      const length = (entries.ends[index] ?? 0) - entries.startOf(index);
      bytes += before ? length - before.length : length + ENTRY_COLUMNS_BYTES;
    }
    return bytes;
  }

  /** The listed blocks: the same array until a row is added or changed. */
  get blocks(): readonly Block[] {
    return this.#listed.blocks;
  }

  /** The listed blocks that may hold entries of this city. */
  blocksOf(city: number): readonly Block[] {
    const blocks = this.#listed.blocks;
    const first = this.#listed.firstBlockOf(city);
    let end = first;
    while (end < blocks.length && (blocks[end]?.firstCity ?? 0) <= city) end += 1;
    return blocks.slice(first, end);
  }

  cityJson(id: number): Uint8Array | undefined {
    return this.#listed.jsonOf(id, CITY_ENTRY);
  }

  forecastJson(id: number): Uint8Array | undefined {
    const city = this.#index.get(id);
    if (city === undefined) return undefined;
    return this.#listed.jsonOf(city, id) ?? this.#unlisted.jsonOf(city, id);
  }

  /** Adds cities and values. An entry whose id exists replaces that one, a value in whichever city it was. */
  put(entries: Block): void {
    this.#leaveOtherCities(entries);
    this.#putIntoLists(entries);
    this.#revision += 1;
    if (entries.ofCities.entries > 0) this.#citiesRevision += 1;
  }

  /** Appends a loaded block of listed cities: its entries are new to the model and behind those in it. */
  push(block: Block): void {
    for (let index = 0; index < block.length; index += 1) {
      const id = block.ids[index] ?? 0;
      if (id !== CITY_ENTRY) this.#index.set(id, block.cities[index] ?? 0);
    }
    this.#listed.push(block);
    this.#revision += 1;
    this.#citiesRevision += 1;
  }

  /** To find the places of listed blocks. */
  get places(): Pick<BlockList, "blockFrom" | "blockAfter"> {
    return this.#listed;
  }

  /** Marks the blocks of the model in whose place this one is, except those that both have. */
  replace(before: ReadModel): void {
    for (const block of before.blocks) block.isReplaced = true;
    for (const block of this.blocks) block.isReplaced = false;
  }

  #leaveOtherCities(entries: Block): void {
    for (let index = 0; index < entries.length; index += 1) {
      const [city = 0, id = 0] = [entries.cities[index], entries.ids[index]];
      if (id === CITY_ENTRY) continue;
      const before = this.#index.get(id);
      if (before !== undefined && before !== city) {
        this.#listed.remove(before, id);
        this.#unlisted.remove(before, id);
      }
      this.#index.set(id, city);
    }
  }

  #putIntoLists(entries: Block): void {
    const runs: (Run & { readonly list: BlockList })[] = [];
    for (let from = 0; from < entries.length; ) {
      const city = entries.cities[from] ?? 0;
      const to = entries.positionOf(city, Number.POSITIVE_INFINITY, from);
      const isNamed = entries.ids[from] === CITY_ENTRY;
      if (isNamed && this.#unlisted.totals.entries > 0) this.#list(city);
      const isListed = isNamed || this.#listed.jsonOf(city, CITY_ENTRY) !== undefined;
      runs.push({ block: entries, from, to, list: isListed ? this.#listed : this.#unlisted });
      from = to;
    }
    for (const list of [this.#listed, this.#unlisted]) {
      const own = runs.filter((run) => run.list === list);
      if (own.length === runs.length) list.put(entries);
      else if (own.length > 0) list.put(blockOfRuns(own));
    }
  }

  /** Values that were there before their city. */
  #list(city: number): void {
    const values = this.#unlisted.take(city);
    if (values) this.#listed.put(values);
  }
}
