import { BLOCK_BYTES, type Block, blockOfRuns, CITY_ENTRY, MAX_BLOCK_BYTES, type Run } from "./block.ts";
import { ReadModel } from "./read-model.ts";

/** A block of the previous model that would become shorter than this goes on into the next one. */
const MIN_BLOCK_BYTES = BLOCK_BYTES / 4;

/**
 * Makes a model from pages of entries that come in their order. Blocks begin where those of the previous model begin, and
 * one with the same bytes is taken from there: so a reload after a failover needs little memory and keeps what was made
 * of the blocks.
 */
export class ModelLoader {
  readonly model = new ReadModel();
  #previous: ReadModel | undefined;
  #rest: Block | undefined;
  #lastCity: number | undefined;
  #newBytes = 0;

  constructor(previous?: ReadModel) {
    this.#previous = previous;
  }

  /** Bytes that the loaded blocks need beside those of the previous model. */
  get newBytes(): number {
    return this.#newBytes + (this.#rest?.heldBytes ?? 0) + this.model.bytes.index;
  }

  /** From here on, nothing is taken from the previous model: it is not held any more. */
  forgetPrevious(): void {
    this.#previous = undefined;
    const { cities, values } = this.model.bytes;
    this.#newBytes = cities + values;
  }

  add(page: Block): void {
    const listed = this.#listedPart(page);
    if (listed.length === 0) return;
    let rest = this.#rest ? this.#rest.with(listed) : listed;
    for (let to = this.#nextCut(rest); to > 0; to = this.#nextCut(rest)) {
      this.#push(rest.slice(0, to));
      rest = rest.slice(to, rest.length);
    }
    this.#rest = rest;
  }

  end(): ReadModel {
    if (this.#rest && this.#rest.length > 0) this.#push(this.#rest);
    this.#rest = undefined;
    return this.model;
  }

  /** Puts values without a city aside, into the model; returns the others. */
  #listedPart(page: Block): Block {
    const runs: Run[] = [];
    for (let from = 0; from < page.length; ) {
      const city = page.cities[from] ?? 0;
      const to = page.positionOf(city, Number.POSITIVE_INFINITY, from);
      if (page.ids[from] === CITY_ENTRY) this.#lastCity = city;
      if (city === this.#lastCity) runs.push({ block: page, from, to });
      else this.model.put(page.slice(from, to));
      from = to;
    }
    const isWhole = runs.reduce((sum, { from, to }) => sum + to - from, 0) === page.length;
    return isWhole ? page : blockOfRuns(runs);
  }

  /**
   * How many entries of `rest` make the next block; 0 if more of them must come first. A block ends before a city if one
   * is near: then its values are sent in one piece.
   */
  #nextCut(rest: Block): number {
    if (rest.length === 0) return 0;
    const bytes = rest.json.length;
    const next = this.#nextStart(rest);
    if (next !== undefined && next < rest.length && rest.startOf(next) <= MAX_BLOCK_BYTES) return next;
    if (next === undefined) {
      const city = rest.ids.indexOf(CITY_ENTRY, Math.max(1, rest.entriesWithin(0.75 * BLOCK_BYTES)));
      if (city > 0 && rest.startOf(city) <= MAX_BLOCK_BYTES) return city;
    }
    return bytes > MAX_BLOCK_BYTES ? Math.max(1, rest.entriesWithin(BLOCK_BYTES)) : 0;
  }

  /** Where in `rest` a block of the previous model starts, its length if behind it; undefined without such a block. */
  #nextStart(rest: Block): number | undefined {
    let [city, id] = [rest.firstCity, rest.firstId];
    for (;;) {
      const block = this.#previous?.places.blockAfter(city, id);
      if (!block) return undefined;
      const at = rest.positionOf(block.firstCity, block.firstId);
      if (at === rest.length || rest.startOf(at) >= MIN_BLOCK_BYTES) return at;
      [city, id] = [block.firstCity, block.firstId];
    }
  }

  #push(block: Block): void {
    const known = this.#previous?.places.blockFrom(block.firstCity, block.firstId);
    const isKnown = known?.sameBytesAs(block) ?? false;
    this.model.push(isKnown && known ? known : block);
    if (!isKnown) this.#newBytes += block.heldBytes;
  }
}
