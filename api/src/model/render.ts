import { type Block, CITY_ENTRY } from "./block.ts";

/** Bytes of a list. They must not be written to. */
export interface Rendered {
  readonly chunks: readonly Uint8Array[];
  /** How many of them were made by this call; the others are shared. */
  readonly madeBytes: number;
}

/** How a city stands in a list: texts around its JSON, after which its values follow. */
export interface CityShape {
  readonly before: Uint8Array;
  /** Bytes of the city's JSON that are left out at its end. */
  readonly dropped: number;
  readonly after: Uint8Array;
}

const encoder = new TextEncoder();

/** `{"city":{...},"forecast":[` of GET /Forecast. */
export const FORECAST_SHAPE: CityShape = {
  before: encoder.encode('{"city":'),
  dropped: 0,
  after: encoder.encode(',"forecast":['),
};
/** `{"id":1,"name":"...","forecast":[` of GET /WeatherForecast. */
export const WEATHER_SHAPE: CityShape = {
  before: new Uint8Array(0),
  dropped: 1,
  after: encoder.encode(',"forecast":['),
};

/** What a list takes of the values. */
export interface Selection {
  readonly cityId?: number | undefined;
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  /** At most this many values of each city. */
  readonly limit?: number | undefined;
}

/** Where a list stands between two blocks. */
export interface Place {
  /** Whether a city is open: its values are being listed. */
  readonly isOpen: boolean;
  /** How many values of the open city are listed. */
  readonly values: number;
}

export const START: Place = { isOpen: false, values: 0 };

export const OPEN_LIST = encoder.encode("[");
const NEXT_CITY = encoder.encode("]},");
export const COMMA = encoder.encode(",");
export const NOTHING = new Uint8Array(0);

/** What stands before a block's bytes, which depends on the blocks before it. */
export function joint(block: Block, place: Place): Uint8Array {
  if (block.firstId === CITY_ENTRY) return place.isOpen ? NEXT_CITY : OPEN_LIST;
  return place.values > 0 ? COMMA : NOTHING;
}

/** The end of a list. */
export function ending({ isOpen }: Place): Uint8Array {
  return encoder.encode(isOpen ? "]}]" : "[]");
}

/** The place behind a block of which everything is listed. */
export function placeAfter(block: Block, place: Place): Place {
  const lastCity = block.ids.lastIndexOf(CITY_ENTRY);
  return lastCity < 0
    ? { isOpen: place.isOpen, values: place.values + block.length }
    : { isOpen: true, values: block.length - lastCity - 1 };
}

/** A block with few cities is listed without a copy of its values. */
const MAX_UNCOPIED_CITIES = 4;

/** Gives a buffer of at least so many bytes. */
export type BufferOf = (bytes: number) => Uint8Array;

export const newBuffer: BufferOf = (bytes) => new Uint8Array(bytes);

let scratch = new Uint8Array(0);

/** For bytes that are needed until the next call: a buffer for each block would be garbage of the size of all data. */
export const scratchBuffer: BufferOf = (bytes) => {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes);
  return scratch;
};

/** The bytes of a block of which everything is listed: most may be the model's own. */
export function render(block: Block, place: Place, shape: CityShape, bufferOf: BufferOf): Rendered {
  const cities = block.ofCities.entries;
  const bytes = new Bytes(
    cities > MAX_UNCOPIED_CITIES ? bufferOf(block.json.length + sizeOfTexts(shape, cities)) : undefined,
  );
  bytes.text(joint(block, place));
  let from = 0;
  for (let at = block.ids.indexOf(CITY_ENTRY); at >= 0; at = block.ids.indexOf(CITY_ENTRY, from)) {
    bytes.run(block, from, at);
    if (at > 0) bytes.text(NEXT_CITY);
    bytes.city(block, at, shape);
    from = at + 1;
  }
  bytes.run(block, from, block.length);
  return bytes.rendered();
}

/** The bytes of the selected entries of a block, in the scratch buffer, and the place behind them. */
export function renderSelected(
  block: Block,
  place: Place,
  shape: CityShape,
  selection: Selection,
): { readonly chunk: Uint8Array; readonly place: Place } {
  const { cityId, limit = Number.POSITIVE_INFINITY } = selection;
  const bytes = new Bytes(scratchBuffer(block.json.length + sizeOfTexts(shape, block.ofCities.entries)));
  let { isOpen, values } = place;
  for (let at = 0; at < block.length; at += 1) {
    if (cityId !== undefined && block.cities[at] !== cityId) continue;
    if (block.ids[at] === CITY_ENTRY) {
      bytes.text(isOpen ? NEXT_CITY : OPEN_LIST);
      bytes.city(block, at, shape);
      [isOpen, values] = [true, 0];
      continue;
    }
    if (values >= limit || !isWithin(block.times[at] ?? 0n, selection)) continue;
    if (values > 0) bytes.text(COMMA);
    bytes.run(block, at, at + 1);
    values += 1;
  }
  return { chunk: bytes.collected(), place: { isOpen, values } };
}

function isWithin(time: bigint, { from, to }: Selection): boolean {
  return (from === undefined || time >= from) && (to === undefined || time < to);
}

/** The bytes of all cities of blocks, as `{"id":1,"name":"..."}` joined by commas. */
export function renderCities(blocks: readonly Block[], start: Uint8Array, bufferOf: BufferOf): Rendered {
  const capacity = blocks.reduce((sum, { ofCities }) => sum + ofCities.bytes + ofCities.entries + 1, 0);
  const bytes = new Bytes(bufferOf(capacity));
  let isNext = false;
  bytes.text(start);
  for (const block of blocks) {
    for (let at = block.ids.indexOf(CITY_ENTRY); at >= 0; at = block.ids.indexOf(CITY_ENTRY, at + 1)) {
      if (isNext) bytes.text(COMMA);
      isNext = true;
      bytes.run(block, at, at + 1);
    }
  }
  return bytes.rendered();
}

function sizeOfTexts({ before, after }: CityShape, cities: number): number {
  return (cities + 1) * (before.length + after.length + NEXT_CITY.length);
}

/** Below this many bytes a loop copies faster than `set` with its view. */
const LOOP_BYTES = 100;

/** Collects bytes: copied into one buffer that has room for all, or without one as views one after another. */
class Bytes {
  readonly #views: Uint8Array[] = [];
  #length = 0;

  constructor(readonly buffer?: Uint8Array) {}

  collected(): Uint8Array {
    return this.buffer?.subarray(0, this.#length) ?? NOTHING;
  }

  text(text: Uint8Array): void {
    this.#add(text, 0, text.length);
  }

  city(block: Block, at: number, { before, dropped, after }: CityShape): void {
    this.text(before);
    this.#add(block.json, block.startOf(at), (block.ends[at] ?? 0) - dropped);
    this.text(after);
  }

  /** The JSON of entries, joined by commas. */
  run(block: Block, from: number, to: number): void {
    if (to > from) this.#add(block.json, block.startOf(from), block.ends[to - 1] ?? 0);
  }

  rendered(): Rendered {
    return this.buffer
      ? { chunks: [this.collected()], madeBytes: this.#length }
      : { chunks: this.#views, madeBytes: 0 };
  }

  #add(source: Uint8Array, from: number, to: number): void {
    const { buffer } = this;
    if (!buffer) {
      if (to > from) this.#views.push(source.subarray(from, to));
    } else if (to - from > LOOP_BYTES) {
      buffer.set(source.subarray(from, to), this.#length);
      this.#length += to - from;
    } else for (let at = from; at < to; at += 1) buffer[this.#length++] = source[at] ?? 0;
  }
}
