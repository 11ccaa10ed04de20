import { type Block, ROWS_PER_BLOCK } from "./block.ts";

/** All values of one city, as blocks in the order of the ids. Edits replace the list of blocks. */
export class Series {
  blocks: readonly Block[] = [];

  constructor(readonly cityId: number) {}

  /** Adds a block whose ids are all greater than the present ones. */
  push(block: Block): void {
    (this.blocks as Block[]).push(block);
  }

  jsonOf(id: number): Uint8Array | undefined {
    return this.blocks[this.#blockFor(id)]?.jsonOf(id);
  }

  /** Adds values, or replaces those with their ids. */
  put(values: Block): void {
    let from = 0;
    while (from < values.rows) {
      const at = this.#blockFor(values.ids[from] ?? 0);
      const next = this.blocks[at + 1]?.firstId ?? Number.POSITIVE_INFINITY;
      const to = values.lastId < next ? values.rows : values.positionOf(next);
      this.#putIntoBlock(at, values.slice(from, to));
      from = to;
    }
  }

  remove(id: number): void {
    const at = this.#blockFor(id);
    const rest = this.blocks[at]?.without(id);
    this.#replace(at, 1, rest ? [rest] : []);
  }

  /** Values after the end fill the last block and go on in new ones, so that blocks are full if ids come in order. */
  #putIntoBlock(at: number, values: Block): void {
    const block = this.blocks[at];
    if (!block) {
      this.#replace(0, 0, pieces(values));
      return;
    }
    const behind = values.firstId > block.lastId;
    const room = behind ? Math.min(values.rows, Math.max(0, ROWS_PER_BLOCK - block.rows)) : values.rows;
    const changed = room === 0 ? block : block.with(values.slice(0, room));
    this.#replace(at, 1, [
      ...(changed.rows >= 2 * ROWS_PER_BLOCK ? pieces(changed) : [changed]),
      ...(room < values.rows ? pieces(values.slice(room, values.rows)) : []),
    ]);
  }

  /** The index of the block that has or would have `id`: the last one that starts at or before it; -1 without blocks. */
  #blockFor(id: number): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.blocks[middle]?.firstId ?? 0) <= id) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, Math.min(0, this.blocks.length - 1));
  }

  #replace(at: number, removed: number, added: readonly Block[]): void {
    this.blocks = this.blocks.toSpliced(at, removed, ...added);
  }
}

function pieces(block: Block): Block[] {
  const blocks: Block[] = [];
  for (let from = 0; from < block.rows; from += ROWS_PER_BLOCK) {
    blocks.push(block.slice(from, Math.min(block.rows, from + ROWS_PER_BLOCK)));
  }
  return blocks;
}
