import { Block, type ForecastRow, ROWS_PER_BLOCK } from "./block.ts";

/** All values of one city, as blocks in the order of the ids. The list of blocks is replaced, never edited in place. */
export class Series {
  blocks: readonly Block[] = [];

  constructor(readonly cityId: number) {}

  /** Adds a block whose ids all lie behind those present. */
  push(block: Block): void {
    (this.blocks as Block[]).push(block);
  }

  jsonOf(id: number): Uint8Array | undefined {
    return this.blocks[this.#blockFor(id)]?.jsonOf(id);
  }

  put(row: ForecastRow): void {
    const at = this.#blockFor(row.id);
    const block = this.blocks[at];
    if (!block || (row.id > block.lastId && block.rows >= ROWS_PER_BLOCK)) {
      this.#replace(at + 1, 0, Block.ofRow(row));
      return;
    }
    const changed = block.with(row);
    this.#replace(at, 1, ...(changed.rows >= 2 * ROWS_PER_BLOCK ? changed.halves() : [changed]));
  }

  remove(id: number): void {
    const at = this.#blockFor(id);
    const rest = this.blocks[at]?.without(id);
    this.#replace(at, 1, ...(rest ? [rest] : []));
  }

  /** The index of the block that holds `id` or would: the last one that begins at or before it; -1 without blocks. */
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

  #replace(at: number, removed: number, ...added: Block[]): void {
    this.blocks = this.blocks.toSpliced(at, removed, ...added);
  }
}
