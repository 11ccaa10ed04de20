import { ROWS_PER_BLOCK } from "../model/block.ts";
import { ReadModel } from "../model/read-model.ts";
import type { Connection } from "../postgres/connection.ts";
import { BLOCK_COLUMNS, CITY_JSON, exactId, FORECAST_JSON, parseBlock, UnservableData } from "./blocks.ts";

/** The data do not fit into their memory budget. */
export class OverBudget extends UnservableData {
  constructor(rows: number, bytes: number, budgetBytes: number) {
    super(
      `the data need more memory than allowed: ${rows} values use ${mebibytes(bytes)} MiB, the budget is ` +
        `${mebibytes(budgetBytes)} MiB; raise MODEL_MEMORY_BUDGET_MB (and the container's memory limit) or remove data`,
    );
    this.name = "OverBudget";
  }
}

export interface Loaded {
  readonly model: ReadModel;
  /** pg_snapshot of the load, from which the change feed continues. */
  readonly snapshot: string;
  readonly epoch: string;
}

export interface LoadLimits {
  /** How much the model may hold. */
  readonly budgetBytes: number;
  /** Of each statement. */
  readonly deadlineMs: number;
}

const STATE = `SELECT pg_current_snapshot()::text, (SELECT epoch FROM public.weather_epoch)`;

/** One row of the result is one block. */
const DECLARE_BLOCKS = `
  DECLARE blocks NO SCROLL CURSOR FOR
  SELECT coalesce("cityId", 0)::bigint, ${BLOCK_COLUMNS}
  FROM (
    SELECT id, "cityId", coalesce("dateTime", 0)::bigint AS "dateTime", ${FORECAST_JSON} AS json,
           (row_number() OVER (PARTITION BY coalesce("cityId", 0) ORDER BY id) - 1) / ${ROWS_PER_BLOCK} AS block
    FROM public.forecast
  ) numbered
  GROUP BY coalesce("cityId", 0), block
  ORDER BY coalesce("cityId", 0), block`;
/** About 0.7 MB at once. */
const FETCH_BLOCKS = "FETCH 16 FROM blocks";

/**
 * Reads the whole database in one snapshot into a new model. Blocks with the same bytes as in `previous` are reused, so
 * that a reload after a failover needs little memory and keeps the compressed forms.
 * Throws OverBudget, or the error of the failed statement.
 */
export async function loadModel(connection: Connection, limits: LoadLimits, previous?: ReadModel): Promise<Loaded> {
  const run = (sql: string) => connection.query(sql, [], limits.deadlineMs);
  await run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await run("SET LOCAL enable_seqscan = on; SET LOCAL work_mem = '32MB'");
    const [state] = await run(STATE);
    const [snapshot, epoch] = state ?? [];
    if (!snapshot || !epoch) throw new Error("the database returned no snapshot: is the schema migrated?");
    const model = new ReadModel();
    for (const [id, json] of await run(`SELECT id, ${CITY_JSON} FROM public.cities`)) {
      model.putCity({ id: exactId(id), json: Buffer.from(json ?? "") });
    }
    await loadBlocks(connection, model, limits, previous);
    await run("COMMIT");
    return { model, snapshot, epoch };
  } catch (error) {
    if (!connection.lost) await run("ROLLBACK").catch(() => connection.destroy());
    throw error;
  }
}

async function loadBlocks(connection: Connection, model: ReadModel, limits: LoadLimits, previous?: ReadModel) {
  await connection.query(DECLARE_BLOCKS, [], limits.deadlineMs);
  let bytes = 0;
  for (;;) {
    const rows = await connection.query(FETCH_BLOCKS, [], limits.deadlineMs);
    if (rows.length === 0) return;
    for (const [city, ...columns] of rows) {
      const cityId = exactId(city);
      const block = parseBlock(columns);
      const known = previous?.blocksOf(cityId)[model.blocksOf(cityId).length];
      model.putBlock(cityId, known?.sameBytesAs(block) ? known : block);
      bytes += block.heldBytes;
    }
    if (bytes > limits.budgetBytes) throw new OverBudget(model.rows, bytes, limits.budgetBytes);
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0);
}
