import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { freePort } from "../../src/embedded/cluster.ts";
import { startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../throwaway-cluster.ts";
import { type Answer, ApiClient, bodyOf } from "./api-client.ts";
import { startDeafListener } from "./deaf-listener.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { until } from "./until.ts";

const TEST_DEADLINE_MS = 30_000;
setDefaultTimeout(TEST_DEADLINE_MS);
/** Deadline of a read or a write that must search for the primary. */
const SEARCH_BOUND_MS = 1_500;
/** The quickest of several takes less than CONNECT_MS: the search does not wait for a silent endpoint. */
const QUICK_SEARCH_MS = 800;
const value = (temperature: number) => ({ dateTime: 1_790_000_000, temperature, summary: null });

let cluster: ThrowawayCluster;
let databaseUrl: string;
/** The way to the database that works, until a test breaks it. */
let good: TcpProxy;

beforeAll(async () => {
  cluster = await startThrowawayCluster();
  databaseUrl = await cluster.createDatabase();
  good = await TcpProxy.start(cluster.port);
}, TEST_DEADLINE_MS);
afterAll(async () => {
  await good?.close();
  await cluster?.remove();
}, TEST_DEADLINE_MS);

const ends: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  while (ends.length > 0) await ends.pop()?.();
}, TEST_DEADLINE_MS);

/** A service with these two endpoints, in this order. */
async function startWith(firstPort: number, secondPort: number): Promise<ApiClient> {
  const { host } = new URL(databaseUrl);
  const replica = await startReplica({
    databaseUrl: databaseUrl.replace(host, `127.0.0.1:${firstPort},127.0.0.1:${secondPort}`),
  });
  ends.push(() => replica.stop());
  return new ApiClient(replica.url);
}

function took({ startedAt, endedAt }: Answer): number {
  return endedAt - startedAt;
}

describe("while the first endpoint leads nowhere", () => {
  const firstEndpoints = {
    "refuses connections": async () => freePort(),
    "accepts and says nothing": async () => {
      const silent = await TcpProxy.start(cluster.port);
      ends.push(() => silent.close());
      silent.silence();
      return silent.port;
    },
    "does not even accept": async () => {
      const deaf = await startDeafListener();
      ends.push(() => deaf.close());
      return deaf.port;
    },
  };
  for (const [what, open] of Object.entries(firstEndpoints)) {
    test(`because it ${what}, reads and writes find the second, each time again`, async () => {
      const client = await startWith(await open(), good.port);
      const slowest: number[] = [];
      for (let time = 0; time < 3; time += 1) {
        good.reset();
        const [read, added, changed] = await Promise.all([
          client.get("/WeatherForecast"),
          client.addValue(1, value(time)),
          client.changeValue(1, value(time)),
        ]);
        expect([read, added, changed].map(({ status, stale }) => [status, stale])).toEqual([
          [200, undefined],
          [200, undefined],
          [200, undefined],
        ]);
        slowest.push(Math.max(took(read), took(added), took(changed)));
      }
      expect(Math.max(...slowest)).toBeLessThan(SEARCH_BOUND_MS);
      expect(Math.min(...slowest)).toBeLessThan(QUICK_SEARCH_MS);
    });
  }
});

describe("when the first endpoint falls silent under open connections", () => {
  test("reads are answered at once or, marked stale, after their timeout, and soon from the second endpoint", async () => {
    const first = await TcpProxy.start(cluster.port);
    ends.push(() => first.close());
    const client = await startWith(first.port, good.port);
    bodyOf.value(await client.addValue(1, value(1)));
    expect(good.connections).toBe(0);
    first.silence();
    const silentSince = performance.now();
    let current: Answer;
    do {
      current = await client.get("/Cities");
      expect(current.status).toBe(200);
      // READ_PATIENCE_MS, and some time for a busy machine.
      expect(took(current)).toBeLessThan(1_500 + 800);
    } while (current.stale);
    expect(current.endedAt - silentSince).toBeLessThan(3_000);
    expect(good.connections).toBeGreaterThan(0);
  });

  test("a write whose answer does not come goes to the second endpoint, and is done once", async () => {
    const first = await TcpProxy.start(cluster.port);
    ends.push(() => first.close());
    const client = await startWith(first.port, good.port);
    bodyOf.value(await client.addValue(1, value(1)));
    first.silence();
    const summary = "through the second endpoint";
    const answer = await client.addValue(1, { ...value(2), summary });
    expect(answer.status).toBe(200);
    // WRITE_STATEMENT_MS, and then the search.
    expect(took(answer)).toBeLessThan(3_000 + SEARCH_BOUND_MS);
    first.endSilence("deliver");
    const rows = bodyOf.weather(await client.get("/WeatherForecast"));
    expect(rows.filter((row) => row.summary === summary)).toEqual([bodyOf.value(answer)]);
  });

  test("in the middle of a reload, the second endpoint is still found", async () => {
    const first = await TcpProxy.start(cluster.port);
    ends.push(() => first.close());
    const client = await startWith(first.port, good.port);
    const held = first.silenceOnce("FETCH 8 FROM pages");
    const { id } = bodyOf.value(await client.addValue(1, value(1)));
    await cluster.execute(`DELETE FROM forecast WHERE id = ${id}`, new URL(databaseUrl).pathname.slice(1));
    await held;
    first.silence();
    const silentSince = performance.now();
    const changing = client.changeValue(2, value(2));
    await until(async () => (await client.get("/Cities")).stale === undefined);
    // A statement of a small reload may take 5 s.
    expect(performance.now() - silentSince).toBeLessThan(5_000 + SEARCH_BOUND_MS);
    // The change waited for the reload, and then for the answer on a connection that is silent, too.
    const changed = await changing;
    expect(changed.status).toBe(200);
    expect(took(changed)).toBeLessThan(5_000 + 3_000 + 2 * SEARCH_BOUND_MS);
    expect((await client.get(`/Forecast/${id}`)).status).toBe(404);
  });
});
