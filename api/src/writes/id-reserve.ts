import type { Connection } from "../postgres/connection.ts";
import { WAIT_FOR_WAL } from "./statements.ts";

/** Ids taken from a table's sequence in advance. Those left when the process ends stay a gap in the sequence. */
export class IdReserve {
  /** The highest first. */
  #free: number[] = [];

  /**
   * @param spare how many more ids to take than needed, as a multiple: 0 leaves no gaps, more saves round trips
   */
  constructor(
    readonly table: "cities" | "forecast",
    readonly spare: number,
  ) {}

  /** Makes sure that `count` ids can be taken. Skips ids that rows inserted by hand have ahead of the sequence. */
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
      asked = Math.min(10 * asked, MAX_ASKED);
    }
  }

  /** Drops the ids when the database may have forgotten that they were taken. */
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

/** How many ids to ask for at once if the sequence is far behind the rows: about 50 ms of the database's time. */
const MAX_ASKED = 100_000;

/**
 * One text of all ids, because a row for each would cost a microsecond per write. Ids that rows already have are left out:
 * an insert would take such a row for its own earlier attempt, and the value would be lost. A correlated subquery, because
 * the planner may answer an EXISTS by reading the whole table.
 *
 * PostgreSQL logs a sequence 32 values ahead, and only the transaction that did so waits for the standby. The
 * transactions that take the next values must wait too: a promoted standby would give the same values to others.
 */
const RESERVE = { cities: reserveFrom("cities"), forecast: reserveFrom("forecast") } as const;

function reserveFrom(table: string): string {
  return `
    WITH written AS MATERIALIZED (SELECT ${WAIT_FOR_WAL})
    SELECT string_agg(id::text, ',' ORDER BY id) FROM (
      SELECT nextval(pg_get_serial_sequence('public.${table}', 'id')) AS id FROM written, generate_series(1, $1::int)) new
    WHERE (SELECT true FROM public.${table} t WHERE t.id = new.id) IS NULL`;
}
