import { BLOCK_BYTES, type Block, blockOfRuns, CITY_ENTRY, type Run } from "./block.ts";

/** What the blocks of a list hold, kept up to date by every edit. */
export interface Totals {
  /** Cities and values. */
  entries: number;
  cities: number;
  /** JSON of the cities. */
  cityBytes: number;
  /** All that the blocks keep in memory. */
  heldBytes: number;
  /** What the blocks held that other ones have replaced. */
  replacedBytes: number;
}

/** Blocks in the order of their entries. Edits replace the array, so a reader of `blocks` keeps what it has. */
export class BlockList {
  #blocks: readonly Block[] = [];
  readonly totals: Totals = { entries: 0, cities: 0, cityBytes: 0, heldBytes: 0, replacedBytes: 0 };

  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  jsonOf(city: number, id: number): Uint8Array | undefined {
    return this.#blocks[this.#blockFor(city, id)]?.jsonOf(city, id);
  }

  /** The index of the first block that may hold entries of this city. */
  firstBlockOf(city: number): number {
    return Math.max(0, this.#blockFor(city, CITY_ENTRY));
  }

  /** The block that begins with this entry. */
  blockFrom(city: number, id: number): Block | undefined {
    const block = this.#blocks[this.#blockFor(city, id)];
    return block?.firstCity === city && block.firstId === id ? block : undefined;
  }

  /** The first entry of the block behind the one that has or would have (city, id). */
  blockAfter(city: number, id: number): Block | undefined {
    return this.#blocks[this.#blockFor(city, id) + 1];
  }

  /** Appends a block whose entries all belong behind the present ones. */
  push(block: Block): void {
    (this.#blocks as Block[]).push(block);
    this.#count(block, 1);
  }

  /** Adds entries, or replaces those with their keys, in one pass over the blocks. */
  put(entries: Block): void {
    const after: Block[] = [];
    let taken = 0;
    for (let from = 0; from < entries.length; ) {
      const at = Math.max(0, this.#blockFor(entries.cities[from] ?? 0, entries.ids[from] ?? 0));
      const next = this.#blocks[at + 1];
      const to = next ? entries.positionOf(next.firstCity, next.firstId, from) : entries.length;
      for (; taken < at; taken += 1) after.push(this.#blocks[taken] as Block);
      after.push(...this.#fit(this.#blocks[at], entries.slice(from, to)));
      taken = at + 1;
      from = to;
    }
    for (; taken < this.#blocks.length; taken += 1) after.push(this.#blocks[taken] as Block);
    this.#blocks = after;
  }

  remove(city: number, id: number): void {
    const at = this.#blockFor(city, id);
    const block = this.#blocks[at];
    const rest = block?.without(city, id);
    if (!block || rest === block) return;
    this.#replaced(block, rest ? [rest] : []);
    this.#blocks = this.#blocks.toSpliced(at, 1, ...(rest ? [rest] : []));
  }

  /** Removes all entries of a city and returns them; undefined if there are none. */
  take(city: number): Block | undefined {
    const runs: Run[] = [];
    for (let at = this.firstBlockOf(city); at < this.#blocks.length; at += 1) {
      const block = this.#blocks[at] as Block;
      if (block.firstCity > city) break;
      const [from, to] = [block.positionOf(city, CITY_ENTRY), block.positionOf(city, Number.POSITIVE_INFINITY)];
      if (to > from) runs.push({ block, from, to });
    }
    if (runs.length === 0) return undefined;
    const rests = new Map(runs.map(({ block, from, to }) => [block, block.outside(from, to)]));
    this.#blocks = this.#blocks.flatMap((block) => {
      const rest = rests.get(block);
      if (!rest) return [block];
      const left = rest.length > 0 ? [rest] : [];
      this.#replaced(block, left);
      return left;
    });
    return blockOfRuns(runs);
  }

  /** Entries behind the end fill the block and go on in new ones, so that blocks are full if ids come in order. */
  #fit(block: Block | undefined, entries: Block): readonly Block[] {
    if (!block) {
      const blocks = entries.cut();
      for (const each of blocks) this.#count(each, 1);
      return blocks;
    }
    const room = block.endsBefore(entries) ? entries.entriesWithin(BLOCK_BYTES - block.json.length) : entries.length;
    const changed = room === 0 ? block : block.with(entries.slice(0, room));
    const blocks = [...changed.cut(), ...(room < entries.length ? entries.slice(room, entries.length).cut() : [])];
    this.#replaced(block, blocks);
    return blocks;
  }

  #replaced(block: Block, by: readonly Block[]): void {
    this.#count(block, -1);
    for (const each of by) this.#count(each, 1);
    // A block that was appended to shares its buffer with the one in its place.
    block.isReplaced = !by.some(({ json }) => json.buffer === block.json.buffer);
    if (block.isReplaced) this.totals.replacedBytes += block.heldBytes;
  }

  #count(block: Block, sign: 1 | -1): void {
    const { totals } = this;
    totals.cities += sign * block.ofCities.entries;
    totals.cityBytes += sign * block.ofCities.bytes;
    totals.entries += sign * block.length;
    totals.heldBytes += sign * block.heldBytes;
  }

  /** The index of the block that has or would have the entry: the last one that starts at or before it; else -1. */
  #blockFor(city: number, id: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const block = this.#blocks[middle] as Block;
      const { firstCity } = block;
      if (firstCity < city || (firstCity === city && block.firstId <= id)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
