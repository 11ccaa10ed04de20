import type { Block } from "./block.ts";
import { Series } from "./series.ts";

/** A city and its JSON. Replaced as a whole when it changes. */
export interface City {
  readonly id: number;
  readonly json: Uint8Array;
}

/** A city with the blocks of its values at one moment. */
export interface CityBlocks {
  readonly city: City;
  readonly blocks: readonly Block[];
}

const IDS_PER_PAGE = 1_024;

/**
 * Which city each value belongs to: value id -> city id's ordinal. Ids come from a sequence and are dense, so a table of
 * pages costs 4 bytes a value (a Map of a million entries costs ten times that) and takes ids in any order.
 */
class IdIndex {
  readonly #pages = new Map<number, Uint32Array>();

  /** Bytes of all pages. */
  get bytes(): number {
    return this.#pages.size * IDS_PER_PAGE * Uint32Array.BYTES_PER_ELEMENT;
  }

  get(id: number): number | undefined {
    const page = Math.floor(id / IDS_PER_PAGE);
    const entry = this.#pages.get(page)?.[id - page * IDS_PER_PAGE];
    return entry ? entry - 1 : undefined;
  }

  set(id: number, ordinal: number): void {
    const page = Math.floor(id / IDS_PER_PAGE);
    let entries = this.#pages.get(page);
    if (!entries) {
      entries = new Uint32Array(IDS_PER_PAGE);
      this.#pages.set(page, entries);
    }
    entries[id - page * IDS_PER_PAGE] = ordinal + 1;
  }
}

/**
 * Every row of the database in the form in which it is answered. Plain state without I/O: the change feed applies what
 * the database reports, the routes read. `revision` grows with each change: what is derived from the model is valid until
 * then.
 */
export class ReadModel {
  readonly #cities = new Map<number, City>();
  readonly #series = new Map<number, Series>();
  readonly #seriesByOrdinal: Series[] = [];
  readonly #ordinals = new Map<number, number>();
  readonly #index = new IdIndex();
  #inOrder: readonly City[] | undefined;
  #rows = 0;
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  /** Forecast values held. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes held for values and their index, compressed forms included. Walks all blocks: only for metrics and limits. */
  get bytes(): number {
    let bytes = this.#index.bytes;
    for (const series of this.#seriesByOrdinal) for (const block of series.blocks) bytes += block.heldBytes;
    for (const city of this.#cities.values()) bytes += city.json.length;
    return bytes;
  }

  city(id: number): City | undefined {
    return this.#cities.get(id);
  }

  /** All cities by id: the same array until a city is added or changed. */
  get cities(): readonly City[] {
    this.#inOrder ??= [...this.#cities.values()].sort((a, b) => a.id - b.id);
    return this.#inOrder;
  }

  forecastJson(id: number): Uint8Array | undefined {
    const ordinal = this.#index.get(id);
    return ordinal === undefined ? undefined : this.#seriesByOrdinal[ordinal]?.jsonOf(id);
  }

  blocksOf(cityId: number): readonly Block[] {
    return this.#series.get(cityId)?.blocks ?? [];
  }

  /** Every city with its values as they are now; later changes do not touch what is returned. */
  snapshot(): CityBlocks[] {
    return this.cities.map((city) => ({ city, blocks: this.blocksOf(city.id) }));
  }

  putCity(city: City): void {
    this.#cities.set(city.id, city);
    this.#inOrder = undefined;
    this.#revision += 1;
  }

  /** Adds values to a city. A value whose id exists replaces that one, in whichever city it was. */
  putForecasts(cityId: number, values: Block): void {
    const ordinal = this.#ordinalOf(cityId);
    for (const id of values.ids) {
      this.#leaveOtherCity(id, ordinal);
      this.#index.set(id, ordinal);
    }
    this.#seriesOf(cityId).put(values);
    this.#revision += 1;
  }

  /** Appends a loaded block: its ids are new to the model and greater than those of the city so far. */
  putBlock(cityId: number, block: Block): void {
    this.#seriesOf(cityId).push(block);
    const ordinal = this.#ordinalOf(cityId);
    for (const id of block.ids) this.#index.set(id, ordinal);
    this.#rows += block.rows;
    this.#revision += 1;
  }

  #leaveOtherCity(id: number, ordinal: number): void {
    const before = this.#index.get(id);
    if (before === undefined) this.#rows += 1;
    else if (before !== ordinal) this.#seriesByOrdinal[before]?.remove(id);
  }

  #seriesOf(cityId: number): Series {
    let series = this.#series.get(cityId);
    if (!series) {
      series = new Series(cityId);
      this.#series.set(cityId, series);
      this.#ordinals.set(cityId, this.#seriesByOrdinal.push(series) - 1);
    }
    return series;
  }

  #ordinalOf(cityId: number): number {
    this.#seriesOf(cityId);
    return this.#ordinals.get(cityId) ?? 0;
  }
}
