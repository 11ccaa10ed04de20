import pg from "pg";
import { z } from "zod";
import type { FinalRow, NodeRows } from "../check/final-rows.ts";
import { monotonicMs } from "../clock.ts";
import { parseLines } from "../history/lines.ts";

/** Rows taken at a time: a run of an hour has some hundred thousand. */
const FETCH = 5_000;

const StoredRow = z.object({
  id: z.coerce.number().int(),
  cityId: z.coerce.number().int(),
  dateTime: z.coerce.number().int(),
  temperature: z.int(),
  summary: z.string(),
});

/** The statement that reads a run's rows, for whoever reads them in another way. `run` must be a run's name: it is put in as it is. */
export function rowsOfRunSql(run: string): string {
  return `SELECT id, "cityId", "dateTime", temperature, summary FROM public.forecast WHERE ${isOfRun(run)} ORDER BY id`;
}

/** The statement that deletes a run's rows. */
export function deleteRunSql(run: string): string {
  return `DELETE FROM public.forecast WHERE ${isOfRun(run)}`;
}

function isOfRun(run: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(run)) throw new Error(`${run} is no name of a run`);
  return `summary LIKE '${run}:%'`;
}

/** Rows as one JSON object per line, as `SELECT row_to_json(r) FROM (…) r` gives them. Throws on anything else. */
export function parseRowLines(text: string): readonly FinalRow[] {
  const { lines, cut } = parseLines(text, StoredRow);
  if (cut) throw new Error(`the rows end in the middle of a line: ${text.slice(-80)}`);
  return lines;
}

/**
 * What one database node holds of a run. Wait until its requests have ended, and until a standby has replayed what the primary
 * had written: else what is merely late counts as lost.
 *
 * @param connectionString of the node itself, not of a balancer before it
 */
export async function readStoredRows(node: string, connectionString: string, run: string): Promise<NodeRows> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000, query_timeout: 60_000 });
  await client.connect();
  try {
    const readAt = monotonicMs();
    const rows: FinalRow[] = [];
    await client.query("BEGIN READ ONLY");
    await client.query(`DECLARE run_rows NO SCROLL CURSOR FOR ${rowsOfRunSql(run)}`);
    for (;;) {
      const { rows: fetched } = await client.query<Record<string, unknown>>(`FETCH ${FETCH} FROM run_rows`);
      for (const row of fetched) rows.push(StoredRow.parse(row));
      if (fetched.length < FETCH) break;
    }
    await client.query("COMMIT");
    return { node, readAt, rows };
  } finally {
    await client.end();
  }
}
