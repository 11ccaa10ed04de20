import { expect, test } from "bun:test";
import { waitUntil } from "../../src/embedded/processes.ts";
import { apiUnderTest, databaseName } from "../client/api-under-test.ts";
import { ask } from "../client/ask.ts";
import { scrape } from "../client/metrics-text.ts";
import { expectProblem } from "../client/problem.ts";
import type { Replica } from "../replica.ts";

const api = apiUnderTest();
const value = (length: number) => ({ dateTime: 1, temperature: 1, summary: "x".repeat(length) });

/** A replica with a database of its own; `insert` adds values of 1 kB by SQL. */
async function replicaOf(budgetMb: number) {
  const databaseUrl = await api.cluster.createDatabase();
  const start = (MODEL_MEMORY_BUDGET_MB: number) =>
    api.another({ DATABASE_URL: databaseUrl, MODEL_MEMORY_BUDGET_MB: String(MODEL_MEMORY_BUDGET_MB) });
  const replica = await start(budgetMb);
  const sql = (text: string) => api.cluster.execute(text, databaseName(databaseUrl));
  const insert = (count: number) =>
    sql(`INSERT INTO forecast ("cityId", "dateTime", temperature, summary)
         SELECT 1, n, 1, repeat('x', 1000) FROM generate_series(1, ${count}) n`);
  return { replica, start, sql, insert };
}

const ready = async (replica: Replica) => (await ask(replica, "GET /healthz/ready")).status;
const linesOf = (replica: Replica, text: string) => replica.logs.filter(({ msg }) => String(msg).includes(text));

test("full data refuse POST and PUT that grow, take what does not, and log that once", async () => {
  const { replica, insert } = await replicaOf(4);
  await insert(2_600);
  await ask(replica, "GET /Cities");
  for (let n = 0; n < 20; n += 1) {
    expectProblem(await ask(replica, "POST /Forecast/1", { json: value(1_000) }), 507);
    expectProblem(await ask(replica, "POST /Cities", { json: { name: "x" } }), 507);
    expectProblem(await ask(replica, "PUT /Forecast/1", { json: value(2_000) }), 507);
  }
  expectProblem(await ask(replica, "PUT /Cities/1", { json: { name: "A much longer name than before" } }), 507);
  const longer = await ask(replica, "GET /Forecast/721");
  expect(longer.json<{ summary: string }>().summary.length).toBe(1_000);
  expect((await ask(replica, "PUT /Forecast/721", { json: value(900) })).status).toBe(200);
  const metrics = await scrape(replica);
  expect(metrics.value("weather_refused_writes_total", { reason: "data" })).toBe(61);
  expect(metrics.value("weather_model_limit_bytes")).toBe(3 * 1_048_576);
  expect(linesOf(replica, "writes were refused").length).toBe(1);
  expect(await ready(replica)).toBe(200);
});

test("growth counts before the model shows it: many writes at once do not pass a door that is nearly closed", async () => {
  const { replica, insert } = await replicaOf(4);
  await insert(2_000);
  await ask(replica, "GET /Cities");
  const statuses = await Promise.all(
    Array.from({ length: 300 }, () =>
      ask(replica, "POST /Forecast/1", { json: value(20_000) }).then(({ status }) => status),
    ),
  );
  expect(statuses.filter((status) => status === 200).length).toBeLessThan(60);
  await ask(replica, "GET /Cities");
  const metrics = await scrape(replica);
  const data = ["cities", "values", "index"].reduce(
    (sum, part) => sum + metrics.value("weather_model_bytes", { part }),
    0,
  );
  expect(data).toBeLessThan(3.3 * 1_048_576);
});

test("a replica that cannot hold what others store says so, goes on answering, and follows again when it can", async () => {
  const { replica: small, start, sql, insert } = await replicaOf(4);
  const large = await start(40);
  await insert(8_000);
  // A busy machine may need longer for the reload than a read waits.
  expect(await waitUntil(async () => (await ask(large, "GET /Forecast/8000")).status === 200, 20_000)).toBe(true);
  expect(await waitUntil(async () => (await ready(small)) === 503, 20_000)).toBe(true);
  const stale = await ask(small, "GET /Cities");
  expect([stale.status, stale.header("warning")]).toEqual([200, '110 - "Response is Stale"']);
  expect((await scrape(small)).value("weather_model_over_budget")).toBe(1);
  expect(linesOf(small, "cannot hold the primary's data").length).toBe(1);
  expect((await ask(large, "POST /Forecast/1", { json: value(10) })).status).toBe(200);
  expect(await ready(large)).toBe(200);
  await sql("DELETE FROM forecast WHERE id > 1000");
  expect(await waitUntil(async () => (await ready(small)) === 200, 15_000)).toBe(true);
  const fresh = await ask(small, "GET /Forecast/1000");
  expect([fresh.status, fresh.header("warning")]).toEqual([200, null]);
  expect((await scrape(small)).value("weather_model_over_budget")).toBe(0);
});

test("a reload for which both models have no room lets the old one go, and answers 503 until the new one is there", async () => {
  const { replica, sql, insert } = await replicaOf(8);
  await insert(4_000);
  await ask(replica, "GET /Cities");
  await sql("UPDATE forecast SET summary = repeat('y', 1000); DELETE FROM forecast WHERE id = 1");
  expect(await waitUntil(async () => (await ask(replica, "GET /Forecast/1")).status === 404, 10_000)).toBe(true);
  expect((await ask(replica, "GET /Forecast/4000")).json<{ summary: string }>().summary).toStartWith("yyy");
  expect(await ready(replica)).toBe(200);
});
