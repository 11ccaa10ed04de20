import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isGiven } from "../../../skips.fixture.ts";
import { waitUntil } from "../../src/embedded/processes.ts";
import { type Replica, startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../throwaway-cluster.ts";
import { ApiClient, bodyOf } from "./api-client.ts";
import { SlowReader } from "./slow-reader.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);
const DATA = { cities: 189, values: 120_896 } as const;
const SLOW = { clients: 50, bytesPerSecond: 50_000, readingMs: 9_000 } as const;
/** How much more memory 50 clients may need than one. A copy of the answer for each would be 500 MiB. */
const MAX_GROWTH_BYTES = 40 * 1_048_576;
/** p95 of GET /Cities for the other clients: about 5 ms on an idle machine, else some times what it was without slow clients. */
const OTHERS_P95 = { minMs: 100, factor: 10 } as const;

let cluster: ThrowawayCluster;
let replica: Replica;
let client: ApiClient;
/** Of the service after some quick answers of the same kind, bytes. */
let usualMemory: number;
let usualSockets: number;
let maxP95Ms: number;

// Memory and sockets are read from /proc.
describe.skipIf(!isGiven("Linux", process.platform === "linux"))("slow clients", () => {
  beforeAll(async () => {
    cluster = await startThrowawayCluster();
    const databaseUrl = await cluster.createDatabase();
    replica = await startReplica({ databaseUrl, env: { SAMPLE_DATA: "never" } });
    client = new ApiClient(replica.url);
    await insertValues(new URL(databaseUrl).pathname.slice(1));
    // On a busy computer the first answers may come from memory, marked as stale.
    const hasLoaded = async () => (await readQuickly("identity")).bytes > 10_000_000;
    expect(await waitUntil(hasLoaded, TEST_DEADLINE_MS / 2)).toBe(true);
    for (const encoding of ["identity", "gzip", "identity", "gzip"]) {
      const { status, bytes } = await readQuickly(encoding);
      expect(status).toBe(200);
      expect(bytes).toBeGreaterThan(10_000_000);
    }
    const { p95 } = await latenciesOfOthers(1_000);
    maxP95Ms = Math.max(OTHERS_P95.minMs, OTHERS_P95.factor * p95);
    usualMemory = residentMemory();
    usualSockets = openSockets();
  }, TEST_DEADLINE_MS);

  afterAll(async () => {
    await replica?.stop();
    await cluster?.remove();
  }, TEST_DEADLINE_MS);

  test(`${SLOW.clients} slow readers of the whole list cost little memory, and the others are served`, async () => {
    const readers = await startSlowReaders("identity");
    const others = await latenciesOfOthers(SLOW.readingMs);
    expectSlowReading(readers);
    expect(others.p95).toBeLessThan(maxP95Ms);
    expect(others.maxMemory - usualMemory).toBeLessThan(MAX_GROWTH_BYTES);
    await expectNothingLeftOf(readers);
  });

  test("the same holds for compressed answers while values are added, each reader at another version of the list", async () => {
    let added = 0;
    let done = false;
    const add = async (): Promise<void> => {
      while (!done) {
        added += 1;
        const value = { dateTime: added, temperature: added % 40, summary: `added ${added}` };
        bodyOf.value(await client.addValue(1 + (added % DATA.cities), value));
        await delay(10);
      }
    };
    const adding = add();
    const readers = await startSlowReaders("gzip");
    const others = await latenciesOfOthers(SLOW.readingMs).finally(() => {
      done = true;
    });
    await adding;
    expectSlowReading(readers);
    expect(added).toBeGreaterThan(200);
    expect(others.p95).toBeLessThan(maxP95Ms);
    expect(others.maxMemory - usualMemory).toBeLessThan(MAX_GROWTH_BYTES);
    await expectNothingLeftOf(readers);
    expect((await client.get("/WeatherForecast?cityId=2")).text).toContain("added ");
  });
});

/** Random, so that it does not compress better than real weather. */
async function insertValues(databaseName: string): Promise<void> {
  await cluster.execute(
    `INSERT INTO cities (id, name) SELECT n, 'City ' || n FROM generate_series(1, ${DATA.cities}) n;
     INSERT INTO forecast (id, "cityId", "dateTime", temperature, summary)
     SELECT n, 1 + n % ${DATA.cities}, 1700000000000 + (random() * 1e11)::bigint, -40 + (random() * 80)::int,
            (ARRAY['Freezing', 'Bracing', 'Chilly', 'Cool', 'Mild', 'Warm', 'Balmy', 'Hot', 'Scorching'])[1 + n % 9]
     FROM generate_series(1, ${DATA.values}) n;
     SELECT setval('cities_id_seq', ${DATA.cities}), setval('forecast_id_seq', ${DATA.values})`,
    databaseName,
  );
}

async function readQuickly(encoding: string): Promise<{ status: number; bytes: number }> {
  const response = await fetch(`${replica.url}/WeatherForecast`, { headers: { "accept-encoding": encoding } });
  return { status: response.status, bytes: (await response.arrayBuffer()).byteLength };
}

async function startSlowReaders(encoding: "identity" | "gzip"): Promise<SlowReader[]> {
  const readers: SlowReader[] = [];
  while (readers.length < SLOW.clients) {
    readers.push(new SlowReader(`${replica.url}/WeatherForecast`, encoding, SLOW.bytesPerSecond));
    await delay(20);
  }
  return readers;
}

/** The latency for other clients during some time, and the maximum memory of the service. */
async function latenciesOfOthers(durationMs: number): Promise<{ p95: number; maxMemory: number }> {
  const latencies: number[] = [];
  let maxMemory = 0;
  const until = performance.now() + durationMs;
  while (performance.now() < until) {
    const { status, startedAt, endedAt } = await client.get("/Cities");
    expect(status).toBe(200);
    latencies.push(endedAt - startedAt);
    maxMemory = Math.max(maxMemory, residentMemory());
    await delay(5);
  }
  latencies.sort((one, other) => one - other);
  return { p95: latencies[Math.floor(0.95 * latencies.length)] ?? Number.NaN, maxMemory };
}

/** Every reader got its share, and none is finished, which would mean that it was not slow. */
function expectSlowReading(readers: readonly SlowReader[]): void {
  const minBytes = (0.5 * SLOW.bytesPerSecond * SLOW.readingMs) / 1_000;
  expect(readers.filter(({ status, bytes }) => status !== 200 || bytes < minBytes)).toEqual([]);
  expect(readers.filter(({ ended }) => ended)).toEqual([]);
}

async function expectNothingLeftOf(readers: readonly SlowReader[]): Promise<void> {
  expect(openSockets()).toBeGreaterThanOrEqual(usualSockets + SLOW.clients);
  for (const reader of readers) reader.vanish();
  expect(await waitUntil(() => openSockets() <= usualSockets + 5, 10_000)).toBe(true);
  expect(await waitUntil(() => residentMemory() - usualMemory < MAX_GROWTH_BYTES / 2, 10_000)).toBe(true);
}

function residentMemory(): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${replica.pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1_024;
}

function openSockets(): number {
  const folder = `/proc/${replica.pid}/fd`;
  return readdirSync(folder).filter((name) => isSocket(`${folder}/${name}`)).length;
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith("socket:");
  } catch {
    return false;
  }
}
