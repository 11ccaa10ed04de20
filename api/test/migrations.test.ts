import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { waitUntil } from "../src/embedded/processes.ts";
import { parseDatabaseUrl } from "../src/postgres/connection-string.ts";
import { type MigrateOptions, migrate } from "../src/postgres/migrate.ts";
import { MigrationSession, type Waiting } from "../src/postgres/migration-session.ts";
import { PrimaryFinder } from "../src/postgres/primary.ts";
import { databaseName } from "./client/api-under-test.ts";
import { ask } from "./client/ask.ts";
import { expectProblem } from "./client/problem.ts";
import { type Replica, startReplica } from "./replica.ts";
import { withClient } from "./throwaway/standby.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "./throwaway-cluster.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);

/** Made without any promise: ids may be NULL and come from nowhere. */
const PLAIN_TABLES = `
  CREATE TABLE public.cities (id bigint, name varchar(255));
  CREATE TABLE public.forecast (id bigint, "cityId" bigint, "dateTime" bigint, temperature integer, summary text);
  INSERT INTO cities VALUES (1, 'One'), (3, NULL);
  INSERT INTO forecast VALUES (5, 1, 1, 1, 'x'), (7, 9, NULL, NULL, NULL);`;
const ORIGINAL_TABLES = `
  CREATE TABLE public.cities (id bigserial, name varchar(255));
  CREATE TABLE public.forecast (id bigserial, "cityId" bigint, "dateTime" bigint, temperature integer, summary text);
  INSERT INTO cities (name) VALUES ('One');
  INSERT INTO forecast ("cityId", "dateTime", temperature) SELECT 1, n, 1 FROM generate_series(1, 1000) n;`;

/** Every table counts as big: indexes are built CONCURRENTLY. */
const ALL_BIG = -1;

let cluster: ThrowawayCluster;
let replicas: Replica[] = [];
let clients: pg.Client[] = [];

beforeAll(async () => {
  cluster = await startThrowawayCluster();
}, TEST_DEADLINE_MS);
afterEach(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => {})));
  await Promise.all(replicas.map((replica) => replica.kill()));
  clients = [];
  replicas = [];
}, TEST_DEADLINE_MS);
afterAll(() => cluster.remove(), TEST_DEADLINE_MS);

async function databaseWith(sql: string): Promise<string> {
  const url = await cluster.createDatabase();
  await withClient(url, (client) => client.query(sql));
  return url;
}

/** An open connection of the test, ended after it. */
async function session(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: "somebody else" });
  client.on("error", () => {});
  clients.push(client);
  await client.connect();
  return client;
}

interface Migrating extends MigrateOptions {
  readonly smallTableBytes?: number;
  readonly onWaiting?: (waiting: Waiting | undefined) => void;
}

async function migrateHere(url: string, { smallTableBytes, onWaiting, ...options }: Migrating = {}): Promise<void> {
  const database = parseDatabaseUrl(url);
  const search = { connectDeadlineMs: 5_000, staggerMs: 100, applicationName: "goldenring migrations" };
  const { connection } = await new PrimaryFinder(database, search).find();
  const migrating = await MigrationSession.on(connection, {
    database,
    connectDeadlineMs: 5_000,
    stopped: () => false,
    onWaiting: onWaiting ?? (() => {}),
    ...(smallTableBytes === undefined ? {} : { smallTableBytes }),
  });
  try {
    await migrate(migrating, options);
  } finally {
    await migrating.close();
  }
}

/** All that a migration makes. */
async function schemaOf(url: string): Promise<unknown> {
  const queries = [
    `SELECT attrelid::regclass::text, attname, atttypid::regtype::text, attnotnull, pg_get_expr(adbin, adrelid)
     FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 ORDER BY 1, attnum`,
    `SELECT pg_get_indexdef(indexrelid), indisvalid, indisprimary FROM pg_index
     JOIN pg_class c ON c.oid = indrelid WHERE relnamespace = 'public'::regnamespace ORDER BY 1`,
    `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    `SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`,
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1",
    "SELECT version, title FROM weather_migrations ORDER BY 1",
    "SELECT epoch FROM weather_epoch",
  ];
  return withClient(url, async (client) => {
    const results: unknown[] = [];
    for (const sql of queries) results.push((await client.query(sql)).rows);
    return results;
  });
}

async function invalidIndexes(url: string): Promise<readonly string[]> {
  const sql = "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid";
  return (await cluster.execute<{ name: string }>(sql, databaseName(url))).map(({ name }) => name);
}

class Killed extends Error {}

describe("a migration that is interrupted", () => {
  test.each([
    ["plain tables", PLAIN_TABLES, ALL_BIG],
    ["an empty database", "SELECT 1", undefined],
  ])("goes on at the next start, before whichever step it ended: %s", async (_, tables, smallTableBytes) => {
    const size = smallTableBytes === undefined ? {} : { smallTableBytes };
    const whole = await databaseWith(tables);
    let steps = 0;
    await migrateHere(whole, {
      ...size,
      onStep: () => {
        steps += 1;
      },
    });
    const expected = await schemaOf(whole);
    expect(steps).toBeGreaterThan(10);
    for (let last = 1; last <= steps; last += 1) {
      const url = await databaseWith(tables);
      let step = 0;
      const onStep = (): void => {
        step += 1;
        if (step === last) throw new Killed();
      };
      expect(await migrateHere(url, { ...size, onStep }).catch((error: unknown) => error)).toBeInstanceOf(Killed);
      await migrateHere(url, size);
      expect(await schemaOf(url)).toEqual(expected);
    }
  });

  test("in the middle of an index leaves no invalid one behind after the next start", async () => {
    const url = await databaseWith(ORIGINAL_TABLES);
    const reader = await session(url);
    await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    let waits: Waiting | undefined;
    const first = migrateHere(url, {
      smallTableBytes: ALL_BIG,
      onWaiting: (waiting) => {
        waits = waiting;
      },
    }).catch((error: Error) => error.message);
    expect(await waitUntil(() => waits !== undefined, 10_000)).toBe(true);
    expect(waits?.sessions.map(({ state, application }) => ({ state, application }))).toEqual([
      { state: "idle in transaction", application: "somebody else" },
    ]);
    await cluster.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'goldenring migrations'",
    );
    expect(await first).toMatch(/terminat/);
    expect(await invalidIndexes(url)).toEqual(["weather_cities_id"]);
    await reader.query("COMMIT");
    await migrateHere(url, { smallTableBytes: ALL_BIG });
    expect(await invalidIndexes(url)).toEqual([]);
    const other = await databaseWith(ORIGINAL_TABLES);
    await migrateHere(other);
    expect(await schemaOf(url)).toEqual(await schemaOf(other));
  });

  test("by rows that came to share an id while it ran names the id and leaves no index behind", async () => {
    const url = await databaseWith(ORIGINAL_TABLES);
    let isDone = false;
    const failure = await migrateHere(url, {
      smallTableBytes: ALL_BIG,
      onStep: async ({ kind }) => {
        if (kind !== "index" || isDone) return;
        isDone = true;
        await cluster.execute("INSERT INTO cities (id) VALUES (1)", databaseName(url));
      },
    }).catch((error: Error) => error.message);
    expect(failure).toContain("public.cities has rows that share an id (such as 1)");
    expect(await invalidIndexes(url)).toEqual([]);
  });
});

describe("while a transaction that has read a table stays open", () => {
  const FEW_ATTEMPTS = 3;

  test("nobody else waits long behind the migration, and log and readiness name the transaction", async () => {
    const url = await databaseWith(ORIGINAL_TABLES);
    const open = await session(url);
    await open.query("BEGIN; SELECT count(*) FROM forecast");
    const { rows } = await open.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const replica = await startReplica({ databaseUrl: url, untilReady: false });
    replicas.push(replica);

    // The server ends what takes longer: nothing may fail.
    const impatient = await session(url);
    await impatient.query("SET statement_timeout = '1500ms'");
    let attempts = 0;
    const using = (async () => {
      for (let round = 0; attempts < FEW_ATTEMPTS; round += 1) {
        await impatient.query("SELECT count(*) FROM forecast");
        await impatient.query("SELECT count(*) FROM cities");
        await impatient.query(`INSERT INTO forecast ("cityId", "dateTime") VALUES (1, ${round})`);
        await delay(10);
      }
    })();
    const observer = await session(url);
    const held = new Set<string>();
    for (let isQueued = false; attempts < FEW_ATTEMPTS; await delay(20)) {
      const { rows: locks } = await observer.query<{ granted: boolean; relation: string }>(
        `SELECT granted, relation::regclass::text FROM pg_locks
         WHERE mode = 'AccessExclusiveLock' AND relation IN ('cities'::regclass, 'forecast'::regclass)`,
      );
      const isWaiting = locks.some(({ granted }) => !granted);
      if (isWaiting) for (const { granted, relation } of locks) if (granted) held.add(relation);
      if (isQueued && !isWaiting) attempts += 1;
      isQueued = isWaiting;
    }
    await using;
    expect([...held]).toEqual([]);

    const [line] = replica.logs.filter(({ msg }) => msg === "waiting for other sessions");
    const [seen] = (line?.sessions ?? []) as readonly Record<string, unknown>[];
    expect(seen).toMatchObject({ pid: rows[0]?.pid, state: "idle in transaction", application: "somebody else" });
    expect(seen?.ageSeconds).toBeGreaterThan(0);
    expect(String(line?.migration)).toContain("table forecast");
    expect(JSON.stringify(replica.logs)).not.toContain("count(*)");
    const ready = await ask(replica, "GET /healthz/ready");
    expect(ready.status).toBe(503);
    expect(ready.text).toMatch(
      new RegExp(
        `^Unhealthy: .+ for the transaction of pid ${rows[0]?.pid} \\(open for \\d+ s, idle in transaction\\)$`,
      ),
    );
    const read = await ask(replica, "GET /Cities");
    expectProblem(read, 503);
    expect(read.text).toContain("waits for other sessions");
    expect(JSON.stringify(replica.logs)).not.toContain("unreachable");

    await open.query("COMMIT");
    expect(await waitUntil(() => replica.logs.some(({ msg }) => msg === "ready"), 20_000)).toBe(true);
    expect((await ask(replica, "GET /healthz/ready")).text).toBe("Healthy");
  });

  test("the replica still stops at once", async () => {
    const url = await databaseWith(ORIGINAL_TABLES);
    const open = await session(url);
    await open.query("BEGIN; SELECT count(*) FROM cities");
    const replica = await startReplica({ databaseUrl: url, untilReady: false });
    expect(await waitUntil(() => replica.logs.some(({ msg }) => msg === "waiting for other sessions"), 10_000)).toBe(
      true,
    );
    expect(await replica.stop()).toBe(0);
  });
});

test("an already migrated database needs no strong lock: a replica starts beside EXCLUSIVE locks of others", async () => {
  const url = await databaseWith(ORIGINAL_TABLES);
  await migrateHere(url);
  const other = await session(url);
  await other.query(
    "BEGIN; LOCK TABLE cities, forecast, weather_epoch, weather_migrations, weather_changes IN EXCLUSIVE MODE",
  );
  const replica = await startReplica({ databaseUrl: url });
  replicas.push(replica);
  expect((await ask(replica, "GET /Forecast/1000")).status).toBe(200);
});

test("an already migrated database needs no right to change tables", async () => {
  const url = await databaseWith(ORIGINAL_TABLES);
  await migrateHere(url);
  const user = new URL(await cluster.createDatabase());
  user.pathname = `/${databaseName(url)}`;
  await cluster.execute(
    `GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO "${user.username}";
     GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "${user.username}"`,
    databaseName(url),
  );
  const replica = await startReplica({ databaseUrl: user.href });
  replicas.push(replica);
  expect((await ask(replica, "POST /Cities", { json: { name: "Two" } })).json<unknown>()).toEqual({
    id: 2,
    name: "Two",
  });
});

test("replicas that start together take turns, although indexes are built concurrently", async () => {
  const url = await databaseWith(ORIGINAL_TABLES);
  const titles: string[] = [];
  const options = { smallTableBytes: ALL_BIG, onApplied: (title: string) => titles.push(title) };
  await Promise.all([1, 2, 3, 4].map(() => migrateHere(url, options)));
  expect(titles.length).toBe(5);
  expect(new Set(titles).size).toBe(5);
  expect(await invalidIndexes(url)).toEqual([]);
});

test("a writer writes on while its tables are taken over, and every row of it is served", async () => {
  const url = await databaseWith(ORIGINAL_TABLES);
  const writer = await session(url);
  await writer.query("SET statement_timeout = '2s'");
  let isMigrating = true;
  let written = 0;
  const writing = (async () => {
    while (isMigrating) {
      await writer.query('INSERT INTO forecast ("cityId", "dateTime", temperature) VALUES (1, 1, 1)');
      await writer.query("UPDATE forecast SET temperature = temperature + 1 WHERE id = 1");
      written += 1;
    }
  })();
  await migrateHere(url, { smallTableBytes: ALL_BIG });
  isMigrating = false;
  await writing;
  expect(written).toBeGreaterThan(0);
  const replica = await startReplica({ databaseUrl: url });
  replicas.push(replica);
  const [city] = (await ask(replica, "GET /WeatherForecast")).json<
    { forecast: { id: number; temperature: number }[] }[]
  >();
  expect(city?.forecast.length).toBe(1_000 + written);
  expect(city?.forecast[0]).toMatchObject({ id: 1, temperature: 1 + written });
});

test("an existing sequence that belongs to no column is kept, and its next value is free", async () => {
  const url = await databaseWith(`
    CREATE SEQUENCE cities_id_seq; CREATE SEQUENCE forecast_id_seq;
    CREATE TABLE cities (id bigint PRIMARY KEY DEFAULT nextval('cities_id_seq'), name varchar(255));
    CREATE TABLE forecast (id bigint DEFAULT nextval('forecast_id_seq'), "cityId" bigint, "dateTime" bigint,
      temperature integer, summary text);
    INSERT INTO cities VALUES (20, 'Twenty'); INSERT INTO forecast ("cityId") VALUES (20), (20);`);
  await migrateHere(url);
  const next = `SELECT nextval('cities_id_seq') AS city, nextval('forecast_id_seq') AS value`;
  expect(await cluster.execute(next, databaseName(url))).toEqual([{ city: "21", value: "3" }]);
});

test("rows restored from another server get versions of this one", async () => {
  const url = await databaseWith(ORIGINAL_TABLES);
  await migrateHere(url);
  const name = databaseName(url);
  await cluster.execute(
    `ALTER TABLE forecast DISABLE TRIGGER USER;
     INSERT INTO forecast ("cityId", "dateTime") SELECT 1, n FROM generate_series(1, 12000) n;
     UPDATE forecast SET version = '99999999999' WHERE id % 2 = 0;
     ALTER TABLE forecast ENABLE TRIGGER USER`,
    name,
  );
  const versions = `SELECT count(*)::int AS rows, count(*) FILTER (WHERE version > pg_current_xact_id())::int AS foreign_rows,
    (SELECT epoch::int FROM weather_epoch) AS epoch FROM forecast`;
  expect(await cluster.execute(versions, name)).toEqual([{ rows: 13_000, foreign_rows: 6_500, epoch: 1 }]);
  await migrateHere(url);
  expect(await cluster.execute(versions, name)).toEqual([{ rows: 13_000, foreign_rows: 0, epoch: 1 }]);
});
