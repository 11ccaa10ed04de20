import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import pg from "pg";
import { type Replica, startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../throwaway-cluster.ts";
import { type Answer, ApiClient, bodyOf } from "./api-client.ts";
import { readTables } from "./tables.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { until } from "./until.ts";

const TEST_DEADLINE_MS = 30_000;
setDefaultTimeout(TEST_DEADLINE_MS);
const value = (temperature: number) => ({ dateTime: 1_770_000_000, temperature, summary: null });

describe("a database that goes back in time", () => {
  let cluster: ThrowawayCluster;
  let databaseName: string;
  let way: TcpProxy;
  let near: Replica;
  /** Its way to the database is `way`. */
  let far: Replica;
  let nearClient: ApiClient;
  let farClient: ApiClient;

  beforeAll(async () => {
    // What is committed without a change, such as an aborted transaction, stays in memory until somebody else commits.
    cluster = await startThrowawayCluster({ settings: { wal_writer_delay: "10s" } });
    const url = await cluster.createDatabase();
    databaseName = new URL(url).pathname.slice(1);
    way = await TcpProxy.start(cluster.port);
    near = await startReplica({ databaseUrl: url });
    far = await startReplica({ databaseUrl: way.urlThrough(url) });
    nearClient = new ApiClient(near.url);
    farClient = new ApiClient(far.url);
  }, TEST_DEADLINE_MS);
  afterAll(async () => {
    await Promise.all([near?.stop(), far?.stop()]);
    await way?.close();
    await cluster?.remove();
  }, TEST_DEADLINE_MS);

  /** What a list that claims to be current has other than the table, in words. */
  const differences = async (client: ApiClient): Promise<string[]> => {
    const answer = await untilCurrent(client, "/WeatherForecast");
    const listed = new Map(bodyOf.weather(answer).map((row) => [row.id, JSON.stringify(row)]));
    const stored = new Map(
      (await readTables(cluster, databaseName)).values.map((row) => [row.id, JSON.stringify(row)]),
    );
    return [...new Set([...listed.keys(), ...stored.keys()])]
      .filter((id) => listed.get(id) !== stored.get(id))
      .map((id) => `listed ${listed.get(id)}, stored ${stored.get(id)}`);
  };

  /**
   * A crashed server forgets the transactions that had not reached the disk, and gives their numbers to others: a change
   * under such a number must not pass for one that was already seen.
   */
  const crashes: Readonly<Record<string, () => Promise<void>>> = {
    "the whole server": async () => {
      await cluster.kill();
      await cluster.restart();
    },
    "one of its processes": async () => {
      const client = new pg.Client({ connectionString: cluster.superuserUrl(databaseName) });
      client.on("error", () => {});
      await client.connect();
      const { rows: found } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      const ended = new Promise((resolve) => client.once("end", resolve));
      process.kill(found[0]?.pid ?? 0, "SIGKILL");
      await ended;
      await until(async () => (await cluster.execute("SELECT 1")).length === 1);
    },
  };
  for (const [what, crash] of Object.entries(crashes)) {
    test(`after a crash of ${what}, changes under transaction numbers that were forgotten are seen`, async () => {
      await takeTransactionNumbers(cluster, databaseName, 50);
      // The replica has now seen a moment after all of these.
      bodyOf.city(await untilCurrent(farClient, "/Cities/1"));
      way.silence();
      await crash();
      for (let index = 0; index < 20; index += 1) bodyOf.value(await nearClient.addValue(1, value(index)));
      way.endSilence("reset");
      expect(await differences(farClient)).toEqual([]);
    });
  }

  test("an older backup put in its place is shown as it is, and nothing of what came after it", async () => {
    const data = join(dirname(cluster.logFile), "cluster");
    const backup = `${data}.backup`;
    const kept = bodyOf.value(await nearClient.addValue(2, value(1)));
    await cluster.stop();
    cpSync(data, backup, { recursive: true, preserveTimestamps: true });
    await cluster.restart();
    for (let index = 0; index < 20; index += 1) bodyOf.value(await nearClient.addValue(2, value(100 + index)));
    bodyOf.value(await nearClient.changeValue(kept.id, value(2)));
    expect(await differences(farClient)).toEqual([]);

    way.silence();
    await cluster.stop();
    rmSync(data, { recursive: true });
    cpSync(backup, data, { recursive: true, preserveTimestamps: true });
    await cluster.restart();
    // It continues past the moment that the replica knows, with other changes.
    for (let index = 0; index < 40; index += 1) bodyOf.value(await nearClient.addValue(3, value(200 + index)));
    way.endSilence("reset");

    for (const client of [nearClient, farClient]) {
      expect(await differences(client)).toEqual([]);
      expect(bodyOf.value(await client.get(`/Forecast/${kept.id}`))).toEqual(kept);
    }
  });

  test("each time the log has the reason of the reload", () => {
    const reasons = far.logs.filter(({ msg }) => msg === "data loaded").map(({ reason }) => reason);
    const [first, ...later] = reasons;
    expect(first).toBe("first load");
    expect(new Set(later)).toEqual(new Set(["the database's history changed"]));
    expect(later.length).toBeGreaterThanOrEqual(3);
  });
});

/** Transactions that get a number, change nothing, and leave no trace on the disk. */
async function takeTransactionNumbers(cluster: ThrowawayCluster, databaseName: string, count: number): Promise<void> {
  await cluster.execute(
    `DO $$ BEGIN FOR i IN 1..${count} LOOP PERFORM pg_current_xact_id(); ROLLBACK; END LOOP; END $$`,
    databaseName,
  );
}

async function untilCurrent(client: ApiClient, path: string): Promise<Answer> {
  let answer: Answer | undefined;
  await until(async () => {
    answer = await client.get(path);
    return answer.stale === undefined;
  });
  if (!answer) throw new Error(`${path} was not answered`);
  return answer;
}
