const IDS_PER_PAGE = 1_024;

/**
 * Which city each value belongs to: value id -> city id's ordinal. Ids come from a sequence and are dense, so a table in
 * pages costs 4 bytes a value (a Map of a million entries costs ten times that) and takes ids in any order.
 */
export class IdIndex {
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
