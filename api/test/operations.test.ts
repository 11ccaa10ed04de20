import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../src/embedded/processes.ts";
import { apiUnderTest } from "./client/api-under-test.ts";
import { ask } from "./client/ask.ts";
import { scrape } from "./client/metrics-text.ts";
import { expectProblem } from "./client/problem.ts";
import type { Replica } from "./replica.ts";

const HOOK_MS = 60_000;
const VALUE = { dateTime: 1_700_000_000_000, temperature: -7, summary: "Snow" };
const KEY = "a-key-of-the-tests-0123456789";
/** Short, because most of the time here is spent on a database that does not answer. */
const SHORT_TIMEOUTS = {
  READ_PATIENCE_MS: "300",
  READ_PATIENCE_AWAY_MS: "50",
  WRITE_STATEMENT_MS: "200",
  CONNECT_MS: "300",
};

const api = apiUnderTest({ ...SHORT_TIMEOUTS, LOG_LEVEL: "debug", BUILD_COMMIT: "0123abc" });

afterEach(() => api.cluster.resume());

describe("/metrics", () => {
  test("is Prometheus' text format without a fault", async () => {
    for (const line of ["GET /Cities", "GET /nowhere", "DELETE /Cities", "POST /Cities", "GET /Forecast?limit=x"]) {
      await ask(api, line);
    }
    const answer = await ask(api, "GET /metrics");
    expect(answer.status).toBe(200);
    expect(answer.header("content-type")).toMatch(/^text\/plain; version=0\.0\.4; charset=utf-8$/);
    expect(answer.header("cache-control")).toBe("no-store");
    expect((await scrape(api)).families.size).toBeGreaterThan(20);
  });

  test("has what dashboards and alerts need, each of its type", async () => {
    const { families } = await scrape(api);
    const types = Object.fromEntries([...families].map(([name, { type }]) => [name, type]));
    expect(types).toMatchObject({
      http_request_duration_seconds: "histogram",
      http_requests_in_flight: "gauge",
      weather_barrier_seconds: "histogram",
      weather_barrier_reads_total: "counter",
      weather_barrier_failures_total: "counter",
      weather_stale_answers_total: "counter",
      weather_primary_reachable: "gauge",
      weather_model_rows: "gauge",
      weather_model_cities: "gauge",
      weather_model_bytes: "gauge",
      weather_model_revision: "gauge",
      weather_model_age_seconds: "gauge",
      weather_model_loads_total: "counter",
      weather_model_load_seconds: "gauge",
      weather_model_rows_applied_total: "counter",
      weather_oldest_transaction_seconds: "gauge",
      weather_write_queue_depth: "gauge",
      weather_write_batch_size: "histogram",
      weather_write_statement_seconds: "histogram",
      weather_write_retries_total: "counter",
      weather_writes_total: "counter",
      weather_event_loop_lag_seconds: "histogram",
      weather_build_info: "gauge",
      process_resident_memory_bytes: "gauge",
      process_cpu_seconds_total: "counter",
      process_start_time_seconds: "gauge",
    });
  });

  test("counts requests by route template, method and status", async () => {
    const name = "http_request_duration_seconds_count";
    const before = await scrape(api);
    const sent: readonly [string, Record<string, string>, object?][] = [
      ["GET /Cities/1", { route: "/Cities/{id}", method: "GET", status: "200" }],
      ["GET /cities/2/", { route: "/Cities/{id}", method: "GET", status: "200" }],
      ["HEAD /Cities/1", { route: "/Cities/{id}", method: "HEAD", status: "200" }],
      ["GET /Cities/99999", { route: "/Cities/{id}", method: "GET", status: "404" }],
      ["GET /WeatherForecast?limit=1", { route: "/WeatherForecast", method: "GET", status: "200" }],
      ["GET /WeatherForecast?limit=x", { route: "/WeatherForecast", method: "GET", status: "400" }],
      ["POST /Forecast/1", { route: "/Forecast/{id}", method: "POST", status: "200" }, VALUE],
      ["PUT /Cities/1", { route: "/Cities/{id}", method: "PUT", status: "400" }, {}],
      ["DELETE /Cities", { route: "/Cities", method: "DELETE", status: "405" }],
      ["OPTIONS /Cities", { route: "/Cities", method: "OPTIONS", status: "204" }],
      ["TRACE /Cities", { route: "/Cities", method: "other", status: "405" }],
      ["GET /nowhere", { route: "none", method: "GET", status: "404" }],
    ];
    for (const [line, , json] of sent) await ask(api, line, json ? { json } : {});
    const after = await scrape(api);
    for (const [line, labels] of sent) {
      const times = sent.filter(([, other]) => JSON.stringify(other) === JSON.stringify(labels)).length;
      expect(`${line} ${after.value(name, labels) - before.value(name, labels)}`).toBe(`${line} ${times}`);
    }
    // The scrape before was counted as well.
    expect(after.value(name) - before.value(name)).toBe(sent.length + 1);
    expect(after.value("http_request_duration_seconds_sum")).toBeGreaterThan(0);
  });

  test("gets no new series from what clients make up", async () => {
    const make = async (n: number) => {
      await ask(api, `GET /made-up/${n}`);
      await ask(api, `GET /Cities/${10_000 + n}`);
      await ask(api, `TRACE /Cities/${n}`);
      await ask(api, `GET /Forecast?made-up-${n}=1`);
      await ask(api, "GET /Cities", { headers: { "x-request-id": `made-up-${n}`, origin: `https://${n}.example` } });
    };
    await make(0);
    const before = await scrape(api);
    for (let n = 1; n < 20; n += 1) await make(n);
    expect((await scrape(api)).series).toBe(before.series);
  });

  test("shows the model: its rows, cities, bytes, revision and age", async () => {
    const stored = async (table: string) =>
      Number((await api.sql<{ count: string }>(`SELECT count(*) FROM ${table}`))[0]?.count);
    await ask(api, "GET /Cities");
    const before = await scrape(api);
    expect(before.value("weather_model_rows")).toBe(await stored("forecast"));
    expect(before.value("weather_model_cities")).toBe(await stored("cities"));
    expect(before.value("weather_model_bytes")).toBeGreaterThan(60_000);
    expect(before.value("weather_model_age_seconds")).toBeLessThan(2);
    await api.sql('INSERT INTO forecast ("cityId", "dateTime") SELECT 1, n FROM generate_series(1, 1000) n');
    await ask(api, "GET /Cities");
    const after = await scrape(api);
    expect(after.value("weather_model_rows")).toBe(before.value("weather_model_rows") + 1_000);
    expect(after.value("weather_model_bytes")).toBeGreaterThan(before.value("weather_model_bytes") + 50_000);
    expect(after.value("weather_model_revision")).toBeGreaterThan(before.value("weather_model_revision"));
    expect(after.value("weather_model_rows_applied_total") - before.value("weather_model_rows_applied_total")).toBe(
      1_000,
    );
  });

  test("counts whole reads by their reason", async () => {
    const loads = async (reason: string) => (await scrape(api)).value("weather_model_loads_total", { reason });
    expect(await loads("first load")).toBe(1);
    const before = await loads("rows were deleted");
    await api.sql("DELETE FROM forecast WHERE id = 7");
    await ask(api, "GET /Cities");
    expect(await loads("rows were deleted")).toBe(before + 1);
    expect((await scrape(api)).value("weather_model_load_seconds")).toBeGreaterThan(0);
  });

  test("counts the reads that share a change query", async () => {
    const before = await scrape(api);
    await Promise.all(Array.from({ length: 50 }, () => ask(api, "GET /Cities/1")));
    const after = await scrape(api);
    const reads = after.value("weather_barrier_reads_total") - before.value("weather_barrier_reads_total");
    const queries = after.value("weather_barrier_seconds_count") - before.value("weather_barrier_seconds_count");
    expect(reads).toBeGreaterThanOrEqual(50);
    expect(queries).toBeGreaterThan(0);
    expect(queries).toBeLessThanOrEqual(reads);
    expect(after.value("weather_barrier_failures_total")).toBe(before.value("weather_barrier_failures_total"));
  });

  test("shows the event loop's lag, the process and what was built", async () => {
    const before = await scrape(api);
    await delay(1_100);
    const after = await scrape(api);
    expect(after.value("weather_event_loop_lag_seconds_count")).toBeGreaterThan(
      before.value("weather_event_loop_lag_seconds_count"),
    );
    expect(after.value("process_cpu_seconds_total")).toBeGreaterThan(before.value("process_cpu_seconds_total"));
    expect(after.value("process_resident_memory_bytes")).toBeGreaterThan(20_000_000);
    expect(Math.abs(after.value("process_start_time_seconds") - Date.now() / 1_000)).toBeLessThan(120);
    const [build] = after.families.get("weather_build_info")?.samples ?? [];
    expect(build?.value).toBe(1);
    expect(build?.labels.commit).toBe("0123abc");
    expect(build?.labels.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(build?.labels.runtime).toMatch(/^(bun|node) \d/);
  });
});

describe("writes", () => {
  test("are counted by kind and outcome, and joined into batches", async () => {
    const before = await scrape(api);
    await Promise.all(Array.from({ length: 40 }, (_, n) => ask(api, `POST /Forecast/${1 + (n % 9)}`, { json: VALUE })));
    await ask(api, "PUT /Forecast/1", { json: VALUE });
    await ask(api, "POST /Cities", { json: { name: "x" } });
    await ask(api, "PUT /Cities/1", { json: { name: "x" } });
    const after = await scrape(api);
    const more = (name: string, labels: Record<string, string>) =>
      after.value(name, labels) - before.value(name, labels);
    expect(more("weather_writes_total", { kind: "addForecast", outcome: "done" })).toBe(40);
    expect(more("weather_writes_total", { kind: "changeForecast", outcome: "done" })).toBe(1);
    expect(more("weather_writes_total", { kind: "addCity", outcome: "done" })).toBe(1);
    expect(more("weather_writes_total", { kind: "renameCity", outcome: "done" })).toBe(1);
    expect(more("weather_write_batch_size_sum", { kind: "addForecast" })).toBe(40);
    expect(more("weather_write_batch_size_count", { kind: "addForecast" })).toBeLessThan(40);
    expect(more("weather_write_statement_seconds_count", { kind: "addForecast" })).toBe(
      more("weather_write_batch_size_count", { kind: "addForecast" }),
    );
    expect(after.value("weather_write_queue_depth")).toBe(0);
    expect(more("weather_write_retries_total", {})).toBe(0);
  });

  test("that break a rule of the database are 409 alone, whatever else is in their batch", async () => {
    await api.sql("ALTER TABLE cities ADD CONSTRAINT no_fog CHECK (name <> 'Fog')");
    const before = await scrape(api);
    const names = Array.from({ length: 30 }, (_, n) => (n % 10 === 5 ? "Fog" : `Clear ${n}`));
    const answers = await Promise.all(names.map((name) => ask(api, "POST /Cities", { json: { name } })));
    for (const [index, answer] of answers.entries()) {
      if (names[index] === "Fog") expect(expectProblem(answer, 409).detail).not.toContain("Fog");
      else expect(answer.json<{ name: string }>().name).toBe(names[index] ?? "");
    }
    expectProblem(await ask(api, "PUT /Cities/2", { json: { name: "Fog" } }), 409);
    const refused = { outcome: "refused" };
    expect(
      (await scrape(api)).value("weather_writes_total", refused) - before.value("weather_writes_total", refused),
    ).toBe(4);
    expect(await api.sql("SELECT count(*)::int FROM cities WHERE name LIKE 'Clear %'")).toEqual([{ count: 27 }]);
    await api.sql("ALTER TABLE cities DROP CONSTRAINT no_fog");
  });
});

describe("while the database is silent", () => {
  test("reads are answered from memory, marked as stale and counted; writes wait, are retried and done once", async () => {
    const city = await ask(api, "GET /Cities/1");
    const before = await scrape(api);
    expect(before.value("weather_primary_reachable")).toBe(1);
    await api.cluster.suspend();
    const write = ask(api, "POST /Forecast/2", { json: VALUE, deadlineMs: 20_000 });
    const paths = ["/Cities/1", "/Cities", "/Forecast/1", "/Forecast", "/WeatherForecast?limit=1"];
    for (const path of paths) {
      const answer = await ask(api, `GET ${path}`, { deadlineMs: 2_000 });
      expect(answer.status).toBe(200);
      expect(answer.header("warning")).toBe('110 - "Response is Stale"');
      expect(answer.header("age")).toMatch(/^\d+$/);
      if (path === "/Cities/1") expect([answer.text, answer.header("etag")]).toEqual([city.text, city.header("etag")]);
    }
    const notModified = await ask(api, "GET /Cities/1", { headers: { "if-none-match": city.header("etag") } });
    expect([notModified.status, notModified.header("warning")]).toEqual([304, '110 - "Response is Stale"']);
    for (const path of ["/Cities/99999", "/Forecast/9999999"]) {
      const missing = await ask(api, `GET ${path}`);
      expectProblem(missing, 404);
      expect([missing.header("warning"), missing.header("age")]).toEqual([
        '110 - "Response is Stale"',
        expect.stringMatching(/^\d+$/),
      ]);
    }
    expect((await ask(api, "GET /healthz/ready")).status).toBe(200);
    expect((await ask(api, "GET /healthz/live")).status).toBe(200);

    const unreachable = await scrape(api);
    expect(unreachable.value("weather_stale_answers_total") - before.value("weather_stale_answers_total")).toBe(
      paths.length + 3,
    );
    expect(unreachable.value("weather_primary_reachable")).toBe(0);
    expect(unreachable.value("weather_model_age_seconds")).toBeGreaterThan(0.3);
    expect(unreachable.value("weather_barrier_failures_total")).toBeGreaterThan(
      before.value("weather_barrier_failures_total"),
    );
    expect(unreachable.value("weather_write_queue_depth")).toBe(1);
    expect(unreachable.value("http_requests_in_flight")).toBe(2);
    await delay(500);
    api.cluster.resume();

    const written = await write;
    expect(written.status).toBe(200);
    // The change feed may still wait for its own connection.
    const isFresh = async () => (await ask(api, "GET /Cities/1")).header("warning") === null;
    expect(await waitUntil(isFresh, 10_000)).toBe(true);
    const reachable = await scrape(api);
    const read = await ask(api, `GET /Forecast/${written.json<{ id: number }>().id}`);
    expect([read.text, read.header("warning")]).toEqual([written.text, null]);
    const after = await scrape(api);
    expect(after.value("weather_write_retries_total")).toBeGreaterThan(before.value("weather_write_retries_total"));
    expect(after.value("weather_write_queue_depth")).toBe(0);
    expect(after.value("weather_primary_reachable")).toBe(1);
    expect(after.value("weather_stale_answers_total")).toBe(reachable.value("weather_stale_answers_total"));
    const messages = api.replica.logs.map(({ msg }) => msg);
    expect(messages).toContain("the primary is unreachable: reads are answered from memory, marked stale");
    expect(messages).toContain("writes are sent again");
    expect(
      await waitUntil(() => api.replica.logs.some(({ msg }) => msg === "the primary is reachable again"), 2_000),
    ).toBe(true);
  });

  test("writes are 503 with Retry-After at their deadline, and at once when too many wait", async () => {
    const replica = await api.another({ WRITE_DEADLINE_MS: "800", WRITE_QUEUE_LIMIT: "5" });
    await api.cluster.suspend();
    const timed = async (line: string, json: object) => {
      const started = performance.now();
      const answer = await ask(replica, line, { json });
      return { answer, took: performance.now() - started };
    };
    const added = [1, 2, 3].map(() => timed("POST /Forecast/1", VALUE));
    // Changes need a confirmed snapshot first, which does not come either; they count as waiting, too.
    const changed = [timed("PUT /Forecast/1", VALUE), timed("PUT /Cities/1", { name: "x" })];
    await delay(100);
    const full = await timed("POST /Forecast/1", VALUE);
    expectProblem(full.answer, 503);
    expect(full.answer.header("retry-after")).toBe("1");
    expect(full.took).toBeLessThan(400);
    for (const { answer, took } of await Promise.all([...added, ...changed])) {
      expect(expectProblem(answer, 503).detail).toContain("may or may not be stored");
      expect(Number(answer.header("retry-after"))).toBeGreaterThan(0);
      expect(took).toBeGreaterThan(700);
      expect(took).toBeLessThan(2_500);
    }
    expect((await scrape(replica)).value("weather_writes_total", { outcome: "unconfirmed" })).toBe(3);
    expect((await scrape(replica)).value("weather_write_queue_depth")).toBe(0);
  });
});

describe("the memory budget", () => {
  test("once reached, refuses more data with 507 and still takes reads and changes", async () => {
    const replica = await api.another({
      DATABASE_URL: await api.cluster.createDatabase(),
      MODEL_MEMORY_BUDGET_MB: "1",
    });
    const long = { ...VALUE, summary: "x".repeat(60_000) };
    const statuses: number[] = [];
    for (let n = 0; n < 30 && statuses.at(-1) !== 507; n += 1) {
      statuses.push((await ask(replica, "POST /Forecast/1", { json: long })).status);
      // A read brings the row into the model at once.
      await ask(replica, "GET /Cities");
    }
    expect(statuses.length).toBeGreaterThan(5);
    expect(statuses.at(-1)).toBe(507);
    expectProblem(await ask(replica, "POST /Cities", { json: { name: "x" } }), 507);
    expect((await ask(replica, "PUT /Forecast/1", { json: VALUE })).status).toBe(200);
    expect((await ask(replica, "GET /WeatherForecast")).status).toBe(200);
  });
});

describe("the log", () => {
  let replica: Replica;
  const BODY = "Body-that-is-nobodys-business";
  const lines = () => replica.logs;

  beforeAll(async () => {
    replica = await api.another({ API_KEYS: `${KEY},another-${KEY}`, LOG_LEVEL: "debug" });
    const headers = { "x-api-key": KEY, authorization: "Bearer my-token", cookie: "session=my-cookie" };
    await ask(replica, "POST /Cities", { json: { name: BODY }, headers });
    await ask(replica, "PUT /Forecast/1", { json: { ...VALUE, summary: BODY }, headers });
    await ask(replica, "POST /Cities", { json: { name: BODY, x: [] }, headers: { "x-api-key": `wrong-${KEY}` } });
    await ask(replica, "POST /Cities", { body: `{"name":"${BODY}`, headers });
    await ask(replica, "POST /Forecast/1", { json: { ...VALUE, dateTime: BODY }, headers });
    await ask(replica, `GET /${BODY}?api_key=${KEY}`);
    await api.sql(`ALTER TABLE cities ADD CONSTRAINT secret CHECK (name <> '${BODY}!')`);
    await ask(replica, "POST /Cities", { json: { name: `${BODY}!` }, headers });
    await api.cluster.suspend();
    await Promise.all([
      ask(replica, "GET /Cities", { headers }),
      ask(replica, "POST /Cities", { json: { name: BODY }, headers, deadlineMs: 1_000 }).catch(() => {}),
    ]);
    api.cluster.resume();
    await ask(replica, "GET /Cities", { headers });
    await replica.stop();
  }, HOOK_MS);
  afterAll(() => api.sql("ALTER TABLE cities DROP CONSTRAINT secret"));

  test("is JSON, a line for each event, with level, time and message", () => {
    expect(lines().length).toBeGreaterThan(10);
    for (const line of lines()) {
      expect(["debug", "info", "warn", "error"]).toContain(String(line.level));
      expect(Math.abs(Date.parse(String(line.time)) - Date.now())).toBeLessThan(600_000);
      expect(String(line.msg).length).toBeGreaterThan(3);
    }
    const messages = lines().map(({ msg }) => msg);
    for (const message of [
      "listening",
      "data loaded",
      "connected to the primary",
      "ready",
      "request",
      "stopping",
      "stopped",
    ]) {
      expect(messages).toContain(message);
    }
  });

  test("has a line for each request with its outcome, and without its content", () => {
    const requests = lines().filter(({ msg }) => msg === "request");
    expect(requests.length).toBeGreaterThanOrEqual(9);
    for (const request of requests) {
      expect(Object.keys(request).sort()).toEqual(
        ["level", "method", "msg", "requestId", "route", "seconds", "status", "time"].sort(),
      );
    }
  });

  test("holds no password, no key, no token, no cookie, no body and no path that a client made up", () => {
    const text = JSON.stringify(lines());
    const { password } = new URL(api.databaseUrl);
    expect(password.length).toBeGreaterThan(10);
    for (const secret of [password, KEY, "my-token", "my-cookie", BODY, "postgres://"]) {
      expect(text.includes(secret)).toBe(false);
    }
  });

  test("at the usual level has no line for a request that went well", async () => {
    const quiet = await api.another({ LOG_LEVEL: "info" });
    for (let n = 0; n < 5; n += 1) await ask(quiet, "GET /Cities");
    await ask(quiet, "GET /nowhere");
    await quiet.stop();
    expect(quiet.logs.filter(({ msg }) => msg === "request")).toEqual([]);
  });
});
