import { MEBIBYTE, type Shares } from "../memory/shares.ts";
import { BLOCK_BYTES } from "../model/block.ts";
import { ModelLoader } from "../model/model-loader.ts";
import type { ReadModel } from "../model/read-model.ts";
import type { Connection } from "../postgres/connection.ts";
import { BLOCK_COLUMNS, entries, parseBlock, UnservableData } from "./blocks.ts";

/** The data do not fit into their memory budget. */
export class OverBudget extends UnservableData {
  constructor(rows: number, bytes: number, { budget, data }: DataLimits) {
    super(
      `the data need more memory than allowed: ${rows} values use ${mebibytes(bytes)} MiB, the budget is ` +
        `${mebibytes(budget)} MiB, of which data may take ${mebibytes(data)}; raise MODEL_MEMORY_BUDGET_MB (and ` +
        `the container's memory limit) or remove data`,
    );
    this.name = "OverBudget";
  }
}

export interface Loaded {
  readonly model: ReadModel;
  /** The pg_snapshot whose changes the model holds, all of them. */
  snapshot: string;
  readonly epoch: string;
}

/** The budget of everything that is counted, and how much of it the model may hold. */
export type DataLimits = Pick<Shares, "budget" | "data">;

export interface LoadOptions extends DataLimits {
  /** Of each statement. */
  readonly deadlineMs: number;
  /** The previous model, if one is still held. */
  readonly previous: ReadModel | undefined;
  /** Called when both models do not fit: the previous one is not used any more and must be let go. */
  readonly forgetPrevious: () => void;
  /** Called for each page, with the bytes that reading it left as garbage. */
  readonly worked: (garbageBytes: number) => void;
}

const STATE = `SELECT pg_current_snapshot()::text, (SELECT epoch FROM public.weather_epoch)`;

/** One row of the result is as much as makes a block. */
const DECLARE_PAGES = `
  DECLARE pages NO SCROLL CURSOR FOR
  SELECT ${BLOCK_COLUMNS}
  FROM (
    SELECT *, sum(octet_length(json)) OVER (ORDER BY city, id ROWS UNBOUNDED PRECEDING) / ${BLOCK_BYTES} AS page
    FROM (${entries()}) entries
  ) numbered
  GROUP BY page
  ORDER BY page`;
/** About 0.5 MB at once. */
const FETCH_PAGES = "FETCH 8 FROM pages";

/** Blocks of a load are shorter than those that grew, so what a running model held may need a little more. */
const LOAD_TOLERANCE = 1.05;

/** Strings, buffers and their copies that reading a byte of JSON from the database leaves behind (measured: 4 to 5). */
export const GARBAGE_PER_BYTE = 5;

/**
 * Reads the whole database in one snapshot into a new model.
 * Throws OverBudget, or the error of the failed statement.
 */
export async function loadModel(connection: Connection, options: LoadOptions): Promise<Loaded> {
  const run = (sql: string) => connection.query(sql, [], options.deadlineMs);
  await run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await run("SET LOCAL enable_seqscan = on; SET LOCAL work_mem = '32MB'");
    const [state] = await run(STATE);
    const [snapshot, epoch] = state ?? [];
    if (!snapshot || !epoch) throw new Error("the database returned no snapshot: is the schema migrated?");
    await run(DECLARE_PAGES);
    const model = await loadPages(() => run(FETCH_PAGES), options);
    await run("COMMIT");
    return { model, snapshot, epoch };
  } catch (error) {
    if (!connection.lost) await run("ROLLBACK").catch(() => connection.destroy());
    throw error;
  }
}

async function loadPages(fetch: () => ReturnType<Connection["query"]>, options: LoadOptions): Promise<ReadModel> {
  const loader = new ModelLoader(options.previous);
  let previousBytes = options.previous?.totalBytes ?? 0;
  for (;;) {
    const rows = await fetch();
    if (rows.length === 0) return loader.end();
    let jsonBytes = 0;
    for (const row of rows) {
      const page = parseBlock(row);
      jsonBytes += page.json.length;
      loader.add(page);
    }
    options.worked(GARBAGE_PER_BYTE * jsonBytes);
    if (previousBytes > 0 && previousBytes + loader.newBytes > options.budget) {
      previousBytes = 0;
      loader.forgetPrevious();
      options.forgetPrevious();
    }
    const { model } = loader;
    if (model.totalBytes > LOAD_TOLERANCE * options.data) throw new OverBudget(model.rows, model.totalBytes, options);
  }
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(0);
}
