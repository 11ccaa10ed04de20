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

  /** Makes sure that `count` ids are there to take. */
  async fill(connection: Connection, count: number, deadlineMs: number): Promise<void> {
    const missing = count - this.#free.length;
    if (missing <= 0) return;
    const rows = await connection.query(
      { name: `reserve ${this.table}`, text: RESERVE[this.table] },
      [missing + this.spare * count],
      deadlineMs,
    );
    for (const [id] of rows) this.#free.push(Number(id));
  }

  /** The lowest reserved id; call `fill` first. */
  take(): number {
    const id = this.#free.shift();
    if (id === undefined) throw new Error(`no id of ${this.table} is reserved`);
    return id;
  }
}

const RESERVE = {
  cities: "SELECT nextval(pg_get_serial_sequence('public.cities', 'id')) FROM generate_series(1, $1::int)",
  forecast: "SELECT nextval(pg_get_serial_sequence('public.forecast', 'id')) FROM generate_series(1, $1::int)",
} as const;
