import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import pg from "pg";
import { ChangeFeed } from "../src/freshness/change-feed.ts";
import { changedTransactions } from "../src/freshness/changed-rows.ts";
import { createLog } from "../src/operations/log.ts";
import { parseDatabaseUrl } from "../src/postgres/connection-string.ts";
import { prepareDatabase } from "../src/postgres/prepare.ts";
import { databaseName } from "./client/api-under-test.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "./throwaway-cluster.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);
const SEARCH = { connectDeadlineMs: 5_000, staggerMs: 100 };

let cluster: ThrowawayCluster;
let clients: pg.Client[] = [];
let feeds: ChangeFeed[] = [];

beforeAll(async () => {
  cluster = await startThrowawayCluster({ settings: { stats_fetch_consistency: "none" } });
}, TEST_DEADLINE_MS);
afterEach(async () => {
  await Promise.all([...clients.map((client) => client.end()), ...feeds.map((feed) => feed.close())]);
  clients = [];
  feeds = [];
});
afterAll(() => cluster.remove(), TEST_DEADLINE_MS);

async function session(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  clients.push(client);
  await client.connect();
  return client;
}

async function migratedDatabase(): Promise<string> {
  const url = await cluster.createDatabase();
  const options = { search: SEARCH, sampleData: true, deadlineMs: TEST_DEADLINE_MS, stopped: () => false };
  await prepareDatabase(parseDatabaseUrl(url), options, createLog("silent"));
  return url;
}

/** A loaded feed that records how many rows each refresh applied. */
async function loadedFeed(url: string): Promise<{ feed: ChangeFeed; rows: number[]; loads: string[] }> {
  const rows: number[] = [];
  const loads: string[] = [];
  const feed = new ChangeFeed(
    {
      database: parseDatabaseUrl(url),
      search: SEARCH,
      queryDeadlineMs: 10_000,
      limits: { budget: 2 ** 30, data: 2 ** 30 },
      loadDeadlineMs: 10_000,
    },
    {
      connected: () => {},
      loaded: (_model, _durationMs, reason) => void loads.push(reason),
      applied: (count) => void rows.push(count),
      worked: () => {},
    },
  );
  feeds.push(feed);
  await feed.refresh();
  return { feed, rows, loads };
}

/** What happens to transactions: each one gets a number, and ends some time. */
const history = fc.array(fc.oneof(fc.constant("begin" as const), fc.nat(20)), { minLength: 2, maxLength: 40 });

/** The snapshot after these events as PostgreSQL writes it; all transactions before number 100 have ended. */
function snapshotAfter(events: readonly ("begin" | number)[]): string {
  let next = 100;
  let xmax = next;
  const open: number[] = [];
  for (const event of events) {
    if (event === "begin") open.push(next++);
    else if (open.length > 0) {
      const [ended = 0] = open.splice(event % open.length, 1);
      xmax = Math.max(xmax, ended + 1);
    }
  }
  const inProgress = open.filter((xid) => xid < xmax);
  return `${inProgress[0] ?? xmax}:${xmax}:${inProgress.join(",")}`;
}

test("the transactions between two snapshots are those visible in the second and not in the first, each of them once", async () => {
  const client = await session(cluster.superuserUrl());
  const cases = fc.sample(fc.tuple(history, history), 1_000).map(([before, after]) => ({
    last: snapshotAfter(before),
    now: snapshotAfter([...before, ...after]),
  }));
  const { rows } = await client.query(
    `SELECT last::text, now::text, x FROM jsonb_to_recordset($1) AS given (last pg_snapshot, now pg_snapshot),
       LATERAL (SELECT n::text::xid8 AS x FROM generate_series(90, 190) n) candidates
     WHERE (SELECT count(*) FROM (WITH ${changedTransactions("last", "now")} SELECT FROM changed WHERE x BETWEEN low AND high) r)
       <> (pg_visible_in_snapshot(x, now) AND NOT pg_visible_in_snapshot(x, last))::int
     LIMIT 3`,
    [JSON.stringify(cases)],
  );
  expect(rows).toEqual([]);
  expect(new Set(cases.map(({ last, now }) => `${last} ${now}`)).size).toBeGreaterThan(200);
});

type Step =
  | { readonly what: "write"; readonly by: number; readonly row: number }
  | { readonly what: "commit" | "roll back" | "undo to savepoint"; readonly by: number }
  | { readonly what: "refresh" };

const WRITERS = 4;
const by = fc.nat(WRITERS - 1);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ what: fc.constant("write" as const), by, row: fc.nat(200) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constantFrom("commit" as const, "roll back" as const), by }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant("undo to savepoint" as const), by }) },
    { weight: 2, arbitrary: fc.constant({ what: "refresh" as const }) },
  ),
  { minLength: 10, maxLength: 60 },
);

test("in whatever order transactions write, commit and roll back, each refresh applies exactly the rows that became visible", async () => {
  const url = await migratedDatabase();
  const { feed, rows, loads } = await loadedFeed(url);
  const reader = await session(url);
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => session(url)));
  let applied = 0;

  async function expectExactRefresh(): Promise<void> {
    const { snapshot } = feed;
    rows.length = 0;
    await feed.refresh();
    // By the plain definition, which looks at all rows. Nobody commits in between.
    const { rows: counts } = await reader.query<{ changed: number }>(
      "SELECT count(*)::int AS changed FROM forecast WHERE NOT pg_visible_in_snapshot(version, $1)",
      [snapshot],
    );
    expect(rows.reduce((sum, count) => sum + count, 0)).toBe(counts[0]?.changed ?? -1);
    applied += counts[0]?.changed ?? 0;
    const { rows: stored } = await reader.query<{ id: number; temperature: number }>(
      "SELECT id::float8, coalesce(temperature, 0) AS temperature FROM forecast ORDER BY id",
    );
    expect(feed.model?.rows).toBe(stored.length);
    expect(stored.filter(({ id, temperature }) => temperatureOf(feed, id) !== temperature)).toEqual([]);
  }

  await fc.assert(
    fc.asyncProperty(steps, async (order) => {
      const inTransaction = new Set<number>();
      for (const step of order) {
        if (step.what === "refresh") {
          await expectExactRefresh();
          continue;
        }
        const writer = writers[step.by];
        if (!writer) continue;
        if (step.what === "write") {
          if (!inTransaction.has(step.by)) await writer.query("BEGIN; SAVEPOINT s");
          inTransaction.add(step.by);
          // Rows of its own, so that no writer waits for another.
          const id = 1 + WRITERS * (step.row % 170) + step.by;
          await writer.query(
            step.row % 3 === 0
              ? `INSERT INTO forecast ("cityId", "dateTime", temperature) VALUES (1, 1, ${step.row})`
              : `UPDATE forecast SET temperature = temperature + 1 WHERE id = ${id}`,
          );
        } else if (!inTransaction.has(step.by)) continue;
        else if (step.what === "undo to savepoint") await writer.query("ROLLBACK TO SAVEPOINT s");
        else {
          await writer.query(step.what === "commit" ? "COMMIT" : "ROLLBACK");
          inTransaction.delete(step.by);
        }
      }
      await expectExactRefresh();
      for (const open of inTransaction) await writers[open]?.query("COMMIT");
      await expectExactRefresh();
    }),
    { numRuns: 60 },
  );
  expect(applied).toBeGreaterThan(100);
  expect(loads).toEqual(["first load"]);
});

function temperatureOf(feed: ChangeFeed, id: number): number {
  return JSON.parse(Buffer.from(feed.model?.forecastJson(id) ?? "{}").toString()).temperature;
}

/** How many entries of the index on versions all change queries have looked at. */
async function entriesLookedAt(url: string): Promise<number> {
  // A session hands in its statistics when it has been idle for a while, or ends.
  await Bun.sleep(1_100);
  const [row] = await cluster.execute<{ entries: number }>(
    "SELECT idx_tup_read::int AS entries FROM pg_stat_user_indexes WHERE indexrelname = 'forecast_version'",
    databaseName(url),
  );
  return row?.entries ?? Number.NaN;
}

test("an open transaction in another database does not make the change query look at more rows", async () => {
  const url = await migratedDatabase();
  const { feed, rows } = await loadedFeed(url);
  const other = await session(cluster.superuserUrl());
  await other.query("BEGIN; SELECT pg_current_xact_id()");
  const writer = await session(url);
  const WRITES = 500;
  for (let n = 0; n < WRITES; n += 1) {
    await writer.query(`INSERT INTO forecast ("cityId", "dateTime") VALUES (1, ${n})`);
    await feed.refresh();
  }
  await other.query("COMMIT");
  await feed.refresh();
  await feed.close();
  expect(rows).toEqual(Array.from({ length: WRITES }, () => 1));
  expect(await entriesLookedAt(url)).toBeLessThanOrEqual(2 * WRITES);
});

test("the rows that an open transaction has written are not looked at before it commits", async () => {
  const url = await migratedDatabase();
  const { feed, rows, loads } = await loadedFeed(url);
  const bulk = await session(url);
  await bulk.query(
    'BEGIN; INSERT INTO forecast ("cityId", "dateTime", temperature) SELECT 1, n, 1 FROM generate_series(1, 15000) n',
  );
  const writer = await session(url);
  for (let n = 0; n < 20; n += 1) {
    await writer.query(`INSERT INTO forecast ("cityId", "dateTime") VALUES (2, ${n})`);
    await feed.refresh();
  }
  expect(rows).toEqual(Array.from({ length: 20 }, () => 1));
  await bulk.query("COMMIT");
  await feed.refresh();
  await feed.close();
  expect(rows.at(-1)).toBe(15_000);
  expect(loads).toEqual(["first load"]);
  expect(await entriesLookedAt(url)).toBeLessThanOrEqual(15_000 + 100);
});

test("the oldest transaction of the server is known by pid and age, whichever database and role it belongs to", async () => {
  const url = await migratedDatabase();
  const other = await session(cluster.superuserUrl());
  await other.query("BEGIN; SELECT pg_current_xact_id()");
  const { rows } = await other.query<{ pid: string }>("SELECT pg_backend_pid()::text AS pid");
  const { feed } = await loadedFeed(url);
  for (let tries = 0; feed.sessions === undefined && tries < 100; tries += 1) await Bun.sleep(20);
  // Its start is hidden from this role: it counts from the first look.
  expect(feed.sessions?.oldestTransaction).toEqual({ pid: rows[0]?.pid ?? "", ageSeconds: 0 });
  await other.query("COMMIT");

  const own = await session(url);
  await own.query("BEGIN; SELECT 1");
  const { rows: ownRows } = await own.query<{ pid: string }>("SELECT pg_backend_pid()::text AS pid");
  const { feed: second } = await loadedFeed(url);
  for (let tries = 0; second.sessions === undefined && tries < 100; tries += 1) await Bun.sleep(20);
  expect(second.sessions?.oldestTransaction?.pid).toBe(ownRows[0]?.pid);
  expect(second.sessions?.oldestTransaction?.ageSeconds).toBeGreaterThan(0);
});

test("each replica knows how many replicas read from its database", async () => {
  const url = await migratedDatabase();
  const elsewhere = await migratedDatabase();
  await loadedFeed(elsewhere);
  const open = [await loadedFeed(url), await loadedFeed(url), await loadedFeed(url)];
  const { feed } = await loadedFeed(url);
  for (let tries = 0; feed.sessions === undefined && tries < 100; tries += 1) await Bun.sleep(20);
  expect(feed.sessions?.replicas).toBe(open.length + 1);
});

test("a database whose migration is not finished is not loaded", async () => {
  const url = await migratedDatabase();
  await cluster.execute("DELETE FROM weather_migrations WHERE version = 5", databaseName(url));
  await expect(loadedFeed(url)).rejects.toThrow("not migrated yet");
  const { feed } = await loadedFeed(await migratedDatabase());
  expect(feed.model?.rows).toBe(720);
});
