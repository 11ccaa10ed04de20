import { ROWS_PER_BLOCK } from "../model/block.ts";
import { ReadModel } from "../model/read-model.ts";
import type { Connection } from "../postgres/connection.ts";
import { CITY_JSON, FORECAST_JSON } from "../postgres/wire-json.ts";
import { BLOCK_COLUMNS, exactId, parseBlock, UnservableData } from "./blocks.ts";

/** The data do not fit into the memory this process may use for them. */
export class OverBudget extends UnservableData {
  constructor(rows: number, bytes: number, budgetBytes: number) {
    super(
      `the data need more memory than allowed: after ${rows} values ${mebibytes(bytes)} MiB are in use, the budget is ` +
        `${mebibytes(budgetBytes)} MiB; raise MODEL_MEMORY_BUDGET_MB (and the container's memory limit) or remove data`,
    );
    this.name = "OverBudget";
  }
}

export interface Loaded {
  readonly model: ReadModel;
  /** pg_snapshot of the load: the change feed goes on from here. */
  readonly snapshot: string;
  readonly epoch: string;
}

export interface LoadLimits {
  /** Bytes the model may hold. */
  readonly budgetBytes: number;
  /** Bound on each statement, ms. */
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
/** Blocks fetched at once: about 0.7 MB. */
const FETCH_BLOCKS = "FETCH 16 FROM blocks";

/**
 * Reads the whole database in one snapshot into a new model. Blocks that are byte for byte those of `previous` are taken
 * over from it, so that a reload after a failover costs little memory and keeps what is compressed already.
 * Throws OverBudget, or the error of the statement that failed.
 */
export async function loadModel(connection: Connection, limits: LoadLimits, previous?: ReadModel): Promise<Loaded> {
  const run = (sql: string) => connection.query(sql, [], limits.deadlineMs);
  await run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await run("SET LOCAL enable_seqscan = on; SET LOCAL work_mem = '32MB'");
    const [state] = await run(STATE);
    const [snapshot, epoch] = state ?? [];
    if (!snapshot || !epoch) throw new Error("the database did not say its snapshot: is the schema migrated?");
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
