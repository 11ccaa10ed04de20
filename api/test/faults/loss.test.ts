import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Replica, startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../throwaway-cluster.ts";
import { ApiClient, bodyOf } from "./api-client.ts";
import { type Load, startFaultLoad } from "./load.ts";
import { readTables } from "./tables.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);
const LONG_TEST_DEADLINE_MS = 180_000;
/** Shorter than the service's own, so that a round takes seconds. */
const QUICK = { READ_PATIENCE_MS: "800", READ_PATIENCE_AWAY_MS: "200", WRITE_STATEMENT_MS: "800", CONNECT_MS: "500" };
/** A read waits for its timeout at most; the rest is for a busy machine. */
const READ_BOUND_MS = 2_500;

let cluster: ThrowawayCluster;

beforeAll(async () => {
  cluster = await startThrowawayCluster();
}, TEST_DEADLINE_MS);
afterAll(() => cluster?.remove(), TEST_DEADLINE_MS);

describe("two replicas under load, each with its own way to the database", () => {
  /** Gives up on a write early, so that there are unconfirmed ones. */
  const HASTY_DEADLINE_MS = 1_000;

  let databaseName: string;
  let ways: readonly [TcpProxy, TcpProxy];
  let replicas: readonly [Replica, Replica];
  let load: Load;

  beforeAll(async () => {
    const url = await cluster.createDatabase();
    databaseName = new URL(url).pathname.slice(1);
    ways = [await TcpProxy.start(cluster.port), await TcpProxy.start(cluster.port)];
    replicas = [
      await startReplica({ databaseUrl: ways[0].urlThrough(url), env: QUICK }),
      await startReplica({
        databaseUrl: ways[1].urlThrough(url),
        env: { ...QUICK, WRITE_DEADLINE_MS: String(HASTY_DEADLINE_MS) },
      }),
    ];
    load = await startFaultLoad(
      replicas.map((replica) => replica.url),
      READ_BOUND_MS,
    );
  }, TEST_DEADLINE_MS);

  afterAll(async () => {
    await load?.stop();
    await Promise.all(replicas?.map((replica) => replica.stop()) ?? []);
    await Promise.all(ways?.map((way) => way.close()) ?? []);
  }, TEST_DEADLINE_MS);

  const killed = async (): Promise<void> => {
    await cluster.kill();
    await delay(between(0, 600));
    await cluster.restart();
  };
  const stopped = async (): Promise<void> => {
    await cluster.suspend();
    await delay(between(500, 4_000));
    cluster.resume();
  };
  /** The connections of one replica or of both break, several times, in the middle of whatever they carry. */
  const broken = async (): Promise<void> => {
    for (let time = 0; time < 5; time += 1) {
      const affected = ways.slice(0, 1 + (time % 2));
      for (const way of affected) way.reset();
      await delay(between(20, 200));
    }
  };
  const silent = (fate: "deliver" | "reset") => async (): Promise<void> => {
    for (const way of ways) way.silence();
    await delay(between(300, 1_500));
    for (const way of ways) way.endSilence(fate);
  };
  /** What is sent is done, and nobody hears of it. */
  const unanswered = async (): Promise<void> => {
    for (let time = 0; time < 3; time += 1) {
      for (const way of ways) way.muteAll();
      await delay(between(20, 300));
      for (const way of ways) way.reset();
      await delay(between(20, 200));
    }
  };

  /** Each fault in this order, twice; a round ends when both replicas have had a write confirmed. */
  const ROUNDS = [
    killed,
    stopped,
    unanswered,
    broken,
    killed,
    silent("deliver"),
    stopped,
    killed,
    unanswered,
    silent("reset"),
  ];

  test(
    "20 rounds of death, standstill and broken connections fail no read, lose no acknowledged write and store none twice",
    async () => {
      for (const fault of [...ROUNDS, ...ROUNDS]) {
        await fault();
        await bothConfirm();
      }
      await load.stop();

      expect(load.violations(await readTables(cluster, databaseName))).toEqual([]);
      // Each of these shows that the rounds did what they are for.
      expect(load.staleReads).toBeGreaterThan(20);
      expect(load.unconfirmed.length).toBeGreaterThan(5);
      expect(Math.min(load.reads, load.changes, load.added.acknowledged)).toBeGreaterThan(100);
      for (const { url } of replicas)
        expect(await new ApiClient(url).counter("weather_write_retries_total")).toBeGreaterThan(5);
    },
    LONG_TEST_DEADLINE_MS,
  );

  test("a write is answered 503 only by the replica with the short deadline, and at that deadline", () => {
    const [, hasty] = replicas;
    const others = load.unconfirmed.filter(({ replica }) => replica.url !== hasty.url);
    expect(others).toEqual([]);
    for (const { milliseconds } of load.unconfirmed) {
      expect(milliseconds).toBeGreaterThan(HASTY_DEADLINE_MS - 20);
      expect(milliseconds).toBeLessThan(HASTY_DEADLINE_MS + 1_000);
    }
  });

  test("after the rounds both replicas hold exactly the rows of the tables", async () => {
    const { values } = await readTables(cluster, databaseName);
    for (const { url } of replicas) {
      const answer = await new ApiClient(url).get("/WeatherForecast");
      expect(answer.stale).toBeUndefined();
      expect(bodyOf.weather(answer).sort((one, other) => one.id - other.id)).toEqual([...values]);
    }
  });

  async function bothConfirm(): Promise<void> {
    const deadline = performance.now() + 20_000;
    for (const { url } of replicas) {
      const client = new ApiClient(url);
      for (;;) {
        const { status } = await client.renameCity(8, `Кострома ${Math.random()}`);
        if (status === 200) break;
        if (performance.now() > deadline) throw new Error(`${url} confirms no write 20 s after the fault: ${status}`);
      }
    }
    await delay(200);
  }
});

function between(min: number, max: number): number {
  return min + Math.random() * (max - min);
}
