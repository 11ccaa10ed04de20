/**
 * Replicas in a real cgroup, at a quarter of a core. The short form always runs; GOLDENRING_MEMORY_ROUNDS=10 is the long
 * one: every kind of data at 128 and 256 MiB, ten rounds of a minute each.
 */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { isGiven } from "../../../skips.fixture.ts";
import { findGroupMaker } from "../../bench/cgroup.ts";
import type { LimitedGroup } from "../../bench/limits.ts";
import { databaseName } from "../client/api-under-test.ts";
import { ask } from "../client/ask.ts";
import { scrape } from "../client/metrics-text.ts";
import { SlowReader } from "../faults/slow-reader.ts";
import { type Replica, startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../throwaway-cluster.ts";
import { Clients } from "./clients.ts";
import { KINDS, type Kind, valuesWithoutText } from "./kinds.ts";
import { SlowRequest } from "./slow-request.ts";

const ROUNDS = Number(process.env.GOLDENRING_MEMORY_ROUNDS ?? 0);
const IS_LONG = ROUNDS > 0;
/** Beyond this share of what the data may use, clients fill it up. */
const PREFILLED = IS_LONG ? 0.9 : 0.99;
const USE = { slowReaders: 50, writers: 20, durationMs: IS_LONG ? 60_000 : 5_000 } as const;
const FILL_DEADLINE_MS = IS_LONG ? 600_000 : 60_000;
/** Every second one a body, which arrives nearly whole and then in drops; the others do not get past their headers. */
const SLOW = { memoryMiB: 128, durationMs: 5_000 } as const;
const NARROWED = { readers: 200, cities: 900, bytesPerSecond: 5_000, durationMs: 15_000 } as const;
const CPU_MS_PER_100 = 25;
/** Of the long form, which has the computer to itself; beside other tests PostgreSQL and the replica share its cores. */
const READY_MS = IS_LONG ? 10_000 : 40_000;
const MEBIBYTE = 1_048_576;
const TEST_DEADLINE_MS = IS_LONG ? 3_600_000 : 180_000;
setDefaultTimeout(TEST_DEADLINE_MS);

const groups = findGroupMaker();
let cluster: ThrowawayCluster;
let ends: (() => Promise<unknown> | unknown)[] = [];

interface Limited {
  replica: Replica;
  readonly group: LimitedGroup;
  readonly databaseUrl: string;
  readonly sql: (text: string) => Promise<Record<string, unknown>[]>;
  /** Starts it again in the same group. Returns how long it took until it was ready, in ms. */
  restart(): Promise<number>;
}

let made = 0;

async function startLimited(memoryMiB: number, cpuMsPer100: number, prefill?: string): Promise<Limited> {
  if (typeof groups === "string") throw new Error(groups);
  const group = groups.make(`goldenring-memory-${process.pid}-${made++}`, { memoryMiB, cpuMsPer100 });
  const databaseUrl = await cluster.createDatabase();
  const sql = (text: string) => cluster.execute<Record<string, unknown>>(text, databaseName(databaseUrl));
  const start = () => startReplica({ databaseUrl, joinFiles: group.joinFiles });
  const first = await startReplica({ databaseUrl });
  await first.stop();
  if (prefill) await sql(`${prefill}; ANALYZE`);
  const limited: Limited = {
    replica: await start(),
    group,
    databaseUrl,
    sql,
    restart: async () => {
      const started = performance.now();
      limited.replica = await start();
      return performance.now() - started;
    },
  };
  ends.push(
    () => limited.replica.kill(),
    async () => {
      for (let left = 50; left > 0; left -= 1) {
        try {
          return group.remove();
        } catch {
          await delay(100);
        }
      }
    },
  );
  return limited;
}

async function expectAllThere({ sql, replica }: Limited, { acknowledged }: Clients): Promise<void> {
  const rowsOf = async (table: string, column: string, ids: Iterable<number>) => {
    const rows = await sql(
      `SELECT id::float8 AS id, ${column} AS text FROM ${table} WHERE id = ANY('{${[...ids].join()}}')`,
    );
    return new Map(rows.map(({ id, text }) => [Number(id), text as string | null]));
  };
  const values = await rowsOf("forecast", "summary", acknowledged.values.keys());
  expect([...acknowledged.values].filter(([id, text]) => values.get(id) !== text).map(([id]) => id)).toEqual([]);
  const cities = await rowsOf("cities", "name", acknowledged.cities.keys());
  expect([...acknowledged.cities].filter(([id, name]) => cities.get(id) !== name).map(([id]) => id)).toEqual([]);
  for (const id of [...acknowledged.values.keys()].slice(-20))
    expect((await ask(replica, `GET /Forecast/${id}`)).status).toBe(200);
  for (const id of [...acknowledged.cities.keys()].slice(-20))
    expect((await ask(replica, `GET /Cities/${id}`)).status).toBe(200);
  const [stored] = await sql(
    "SELECT (SELECT count(*) FROM cities)::int AS cities, (SELECT count(*) FROM forecast)::int AS rows",
  );
  await ask(replica, "GET /Cities/1");
  const metrics = await scrape(replica);
  expect({ cities: metrics.value("weather_model_cities"), rows: metrics.value("weather_model_rows") }).toEqual(
    stored as { cities: number; rows: number },
  );
}

/** What the data may use at a memory limit: `weather_model_limit_bytes`. */
const dataLimit = (memoryMiB: number) => 0.75 * (memoryMiB - 80) * MEBIBYTE;

async function expectSurvival(memoryMiB: number, kind: Kind): Promise<void> {
  const limited = await startLimited(memoryMiB, CPU_MS_PER_100, kind.prefill(PREFILLED * dataLimit(memoryMiB)));
  expect((await scrape(limited.replica)).value("weather_model_limit_bytes")).toBe(dataLimit(memoryMiB));
  const clients = new Clients(() => limited.replica.url, kind);
  expect(await clients.fill(USE.writers, FILL_DEADLINE_MS)).toBe(true);
  for (let round = 0; round < Math.max(1, ROUNDS); round += 1) {
    await clients.use(USE);
    expect(limited.group.use().outOfMemoryKills).toBe(0);
    await limited.replica.kill();
    expect(await limited.restart()).toBeLessThan(READY_MS);
    await expectAllThere(limited, clients);
  }
  expect(limited.group.use().outOfMemoryKills).toBe(0);
  if (IS_LONG) console.log(memoryMiB, kind.name, Object.fromEntries(clients.answers));
}

describe.skipIf(!isGiven(`cgroups (${typeof groups === "string" ? groups : "given"})`, typeof groups !== "string"))(
  "a replica with a memory limit",
  () => {
    beforeAll(async () => {
      cluster = await startThrowawayCluster();
    }, TEST_DEADLINE_MS);
    afterEach(async () => {
      for (const end of ends.splice(0)) await end();
      ends = [];
    }, TEST_DEADLINE_MS);
    afterAll(() => cluster?.remove(), TEST_DEADLINE_MS);

    for (const memoryMiB of IS_LONG ? [128, 256] : [128]) {
      test.each(IS_LONG ? KINDS : KINDS.slice(0, 1))(
        `of ${memoryMiB} MiB that is filled with $name refuses more, serves readers and writers, and starts again with all that it acknowledged`,
        (kind) => expectSurvival(memoryMiB, kind),
      );
    }

    test.each<{ requests: number; open: number; statuses: readonly number[] }>([
      { requests: 500, open: 500, statuses: [200] },
      // More bodies than may arrive at the same time.
      { requests: 1_500, open: 750 + 258, statuses: [200, 503] },
    ])(
      `of ${SLOW.memoryMiB} MiB that is full serves readers while $requests requests arrive slowly, and with 500 writers, too`,
      async (expected) => {
        const [kind] = KINDS;
        const limited = await startLimited(
          SLOW.memoryMiB,
          CPU_MS_PER_100,
          kind?.prefill(0.95 * dataLimit(SLOW.memoryMiB)),
        );
        const slow = Array.from({ length: expected.requests }, (_, n) => new SlowRequest(limited.replica.url, n));
        const statuses = new Map<number, number>();
        for (const until = performance.now() + SLOW.durationMs; performance.now() < until; await delay(20)) {
          const name = `${crypto.randomUUID()}`;
          expect((await ask(limited.replica, "GET /Cities/1")).status).toBe(200);
          const { status } = await ask(limited.replica, "PUT /Cities/1", { json: { name } });
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
        expect(slow.filter(({ isOpen }) => isOpen).length).toBe(expected.open);
        expect([...statuses.keys()].filter((status) => !expected.statuses.includes(status))).toEqual([]);
        expect(limited.group.use().outOfMemoryKills).toBe(0);
        for (const one of slow) one.end();
      },
    );

    test(`of ${SLOW.memoryMiB} MiB that is full makes narrowed lists for ${NARROWED.readers} slow clients, some of whom vanish`, async () => {
      const limited = await startLimited(
        SLOW.memoryMiB,
        CPU_MS_PER_100,
        `INSERT INTO cities (id, name) SELECT n, 'City ' || n FROM generate_series(10, ${NARROWED.cities}) n;
        ${valuesWithoutText(0.95 * dataLimit(SLOW.memoryMiB), NARROWED.cities)}`,
      );
      // A little of each block, nearly all, and their half.
      const queries = ["limit=0", "from=1700000000001", "limit=150"];
      const readers = Array.from({ length: NARROWED.readers }, (_, n) => {
        const url = `${limited.replica.url}/Forecast?${queries[n % queries.length]}`;
        return new SlowReader(url, n % 2 === 0 ? "identity" : "gzip", NARROWED.bytesPerSecond);
      });
      const statuses: number[] = [];
      for (const until = performance.now() + NARROWED.durationMs; performance.now() < until; await delay(200)) {
        statuses.push((await ask(limited.replica, "GET /Cities/1", { deadlineMs: 30_000 })).status);
        readers.pop()?.vanish();
      }
      expect(limited.group.use().outOfMemoryKills).toBe(0);
      expect(new Set(statuses)).toEqual(new Set([200]));
      for (const reader of readers) reader.vanish();
    });

    test("counts its memory within 20 % of what it grows by, with 9 cities and with 300,000", async () => {
      const many = "INSERT INTO cities (id, name) SELECT n, 'City ' || n FROM generate_series(10, 300000) n";
      const values = KINDS[1]?.prefill(20 * MEBIBYTE);
      const empty = await startLimited(256, 100);
      for (const prefill of [values, many]) {
        const limited = await startLimited(256, 100, prefill);
        const [used, usedEmpty] = await Promise.all([settled(limited), settled(empty)]);
        const grown = { process: used.process - usedEmpty.process, counted: used.counted - usedEmpty.counted };
        expect(grown.process).toBeGreaterThan(15 * MEBIBYTE);
        expect(grown.counted / grown.process).toBeGreaterThan(0.8);
        expect(grown.counted / grown.process).toBeLessThan(1.2);
        await limited.replica.stop();
      }
    });
  },
);

/** After all lists were read and garbage was collected. */
async function settled({ replica, group }: Limited): Promise<{ process: number; counted: number }> {
  for (const list of ["/Cities", "/Forecast", "/WeatherForecast"])
    await ask(replica, `GET ${list}`, { headers: { "accept-encoding": "gzip" }, deadlineMs: 30_000 });
  await delay(11_000);
  return {
    process: group.use().memoryMiB * MEBIBYTE,
    counted: (await scrape(replica)).value("weather_model_bytes"),
  };
}
