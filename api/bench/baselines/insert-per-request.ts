/**
 * The ordinary way with the contract kept: the API's own HTTP layer, checks, answers and metrics, and behind them one
 * prepared INSERT per request through a pool.
 */
import { BlockList } from "node:net";
import { Pool, types } from "pg";
import { serve } from "../../src/bun-server.ts";
import { createApp } from "../../src/http/app.ts";
import { forecastRoutes } from "../../src/http/forecast.ts";
import type { Lists, Reader } from "../../src/http/reading.ts";
import type { Writer } from "../../src/http/writing.ts";
import { createLog } from "../../src/operations/log.ts";
import { createMetrics } from "../../src/operations/metrics.ts";

types.setTypeParser(types.builtins.INT8, Number);
const pool = new Pool({ connectionString: process.env.DATABASE_URL });

const INSERT = `
  INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary)
  SELECT id, $2, $3, $4 FROM public.cities WHERE id = $1 RETURNING id`;

const writer = {
  add: async (
    _kind: string,
    input: { cityId: number; dateTime: bigint; temperature: number; summary: string | null },
  ) => {
    const { cityId, dateTime, temperature, summary } = input;
    const values = [cityId, dateTime, temperature, summary];
    const { rows } = await pool.query<{ id: number }>({ name: "insert", text: INSERT, values });
    const [row] = rows;
    return row ? { found: true, id: row.id } : { found: false };
  },
} as unknown as Writer;

const metrics = createMetrics({
  model: () => undefined,
  memory: () => ({ cities: 0, values: 0, index: 0, forms: 0, answers: 0, bodies: 0, queue: 0, garbage: 0 }),
  dataLimitBytes: 0,
  isOverBudget: () => false,
  ageMs: () => 0,
  reachable: () => true,
  writeQueueDepth: () => 0,
  writeWaitMs: () => 0,
  oldestTransaction: () => undefined,
  build: { version: "baseline", commit: "" },
});
const app = createApp({
  routes: forecastRoutes({} as Reader, {} as Lists, writer, {
    limitBytes: 1_048_576,
    arrivingBytes: 0,
    arrivingLimitBytes: Number.POSITIVE_INFINITY,
    onRefused: () => {},
    onGarbage: () => {},
  }),
  staticPages: () => undefined,
  corsOrigins: [],
  apiKeys: [],
  apiKeysFile: undefined,
  rateLimitPerSecond: 0,
  trustedProxies: new BlockList(),
  metrics,
  log: createLog("info"),
});
const server = serve(app, { host: "127.0.0.1", port: 0 });
console.log(JSON.stringify({ msg: "listening", url: server.url }));
