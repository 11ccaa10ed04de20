import type { Connection } from "../postgres/connection.ts";
import { WAIT_FOR_WAL } from "./statements.ts";

/** Ids taken from a table's sequence ahead of use. What is left when the process ends stays a gap in the sequence. */
export class IdReserve {
  /** The highest first. */
  #free: number[] = [];

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
      const [row] = await connection.query(
        { name: `reserve ${this.table}`, text: RESERVE[this.table] },
        [asked],
        deadlineMs,
      );
      const ids = row?.[0] ? row[0].split(",").map(Number) : [];
      this.#free = [...ids.reverse(), ...this.#free];
      asked = Math.min(10 * asked, MOST_ASKED);
    }
  }

  /** Gives the ids up, where the database may not remember that they were taken. */
  forget(): void {
    this.#free = [];
  }

  /** The lowest reserved id; call `fill` first. */
  take(): number {
    const id = this.#free.pop();
    if (id === undefined) throw new Error(`no id of ${this.table} is reserved`);
    return id;
  }
}

/** Ids asked for at once where the sequence is far behind the rows: some 50 ms of the database's time. */
const MOST_ASKED = 100_000;

/**
 * One text of all ids, because a row for each would cost a microsecond a write. Without those that rows have already: an
 * insert would find the row there and leave it, as it does when it is repeated, and the value would be lost. A correlated
 * look-up, so that no plan reads the whole table.
 *
 * PostgreSQL writes a sequence down 32 values ahead, and only the transaction that did so waits for the standby. The ones
 * that take the values after it must wait, too: a standby that was promoted would give them to somebody else.
 */
const RESERVE = { cities: reserveFrom("cities"), forecast: reserveFrom("forecast") } as const;

function reserveFrom(table: string): string {
  return `
    WITH written AS MATERIALIZED (SELECT ${WAIT_FOR_WAL})
    SELECT string_agg(id::text, ',' ORDER BY id) FROM (
      SELECT nextval(pg_get_serial_sequence('public.${table}', 'id')) AS id FROM written, generate_series(1, $1::int)) new
    WHERE (SELECT true FROM public.${table} t WHERE t.id = new.id) IS NULL`;
}
