import type { Connection } from "../postgres/connection.ts";

/** Ids taken from a table's sequence ahead of use. What is left when the process ends stays a gap in the sequence. */
export class IdReserve {
  readonly #free: number[] = [];

  /**
   * @param spare how many ids to take beyond what is needed, as a multiple of it: 0 leaves no gaps, more saves round trips
   */
  constructor(
    readonly table: "cities" | "forecast",
    readonly spare: number,
  ) {}

  /** Makes sure that `count` ids are there to take. Rows that were given ids ahead of the sequence are stepped over. */
  async fill(connection: Connection, count: number, deadlineMs: number): Promise<void> {
    let asked = count - this.#free.length + this.spare * count;
    while (this.#free.length < count) {
      const rows = await connection.query(
        { name: `reserve ${this.table}`, text: RESERVE[this.table] },
        [asked],
        deadlineMs,
      );
      for (const [id] of rows) this.#free.push(Number(id));
      asked = Math.min(10 * asked, MOST_ASKED);
    }
  }

  /** The lowest reserved id; call `fill` first. */
  take(): number {
    const id = this.#free.shift();
    if (id === undefined) throw new Error(`no id of ${this.table} is reserved`);
    return id;
  }
}

/** Ids asked for at once where the sequence is far behind the rows: some 50 ms of the database's time. */
const MOST_ASKED = 100_000;

/**
 * Without the ids that rows have already: an insert would find the row there and leave it, as it does when it is repeated,
 * and the value would be lost. A correlated look-up, so that no plan reads the whole table.
 */
const RESERVE = {
  cities: `
    SELECT id FROM (
      SELECT nextval(pg_get_serial_sequence('public.cities', 'id')) AS id FROM generate_series(1, $1::int)) new
    WHERE (SELECT true FROM public.cities c WHERE c.id = new.id) IS NULL`,
  forecast: `
    SELECT id FROM (
      SELECT nextval(pg_get_serial_sequence('public.forecast', 'id')) AS id FROM generate_series(1, $1::int)) new
    WHERE (SELECT true FROM public.forecast f WHERE f.id = new.id) IS NULL`,
} as const;
