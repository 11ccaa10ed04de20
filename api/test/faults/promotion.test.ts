import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { parseDatabaseUrl } from "../../src/postgres/connection-string.ts";
import { PrimaryFinder } from "../../src/postgres/primary.ts";
import { type Replica, startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster, type ThrowawayStandby } from "../throwaway-cluster.ts";
import { ApiClient, bodyOf, type Value } from "./api-client.ts";
import { type Load, startFaultLoad } from "./load.ts";
import { readTables } from "./tables.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { until } from "./until.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);
const READ_BOUND_MS = 3_000;
const value = (temperature: number, summary: string) => ({ dateTime: 1_780_000_000, temperature, summary });

/** Ends what the test has started, the last one first. */
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  while (ends.length > 0) await ends.pop()?.();
}, TEST_DEADLINE_MS);

describe("a primary with a synchronous standby", () => {
  test("dies under load: no read and no write fails, nothing acknowledged is lost, nothing is stored twice", async () => {
    const { primary, standby, url, databaseName } = await startPair();
    const replicas = [await api(url), await api(url)];
    const load = await startLoad(replicas);
    await delay(1_000);
    await primary.kill();
    const timeOfDeath = performance.now();
    const addedBefore = load.added.acknowledged;
    await until(async () => load.staleReads > 0);
    await delay(Math.random() * 500);
    await standby.promote();
    const seconds = (performance.now() - timeOfDeath) / 1_000;
    await until(async () => load.added.acknowledged > addedBefore + 100);
    await load.stop();

    expect(load.violations(await readTables(standby, databaseName))).toEqual([]);
    expect(load.unconfirmed).toEqual([]);
    expect(seconds).toBeLessThan(20);
    for (const { logs } of replicas) {
      const loads = logs.filter(({ msg }) => msg === "data loaded");
      expect(loads.map(({ reason }) => reason)).toEqual(["first load", "the database's history changed"]);
      expect(loads.map(({ timeline }) => timeline)).toEqual(["00000001", "00000002"]);
    }
  });

  test("vanishes without closing connections: no write waits for its answer, and no search for its port", async () => {
    const { primary, standby, databaseUrl } = await startPair();
    const way = await TcpProxy.start(primary.port);
    ends.push(() => way.close());
    const env = { CONNECT_MS: "10000", WRITE_STATEMENT_MS: "20000" };
    const databases = listOf(way.urlThrough(databaseUrl), standby.urlHere(databaseUrl));
    const replica = await api(databases, env);
    const client = new ApiClient(replica.url);
    bodyOf.value(await client.addValue(1, value(1, "before")));
    way.silence();
    const asked = client.addValue(1, value(2, "asked of nobody"));
    await until(async () => replica.logs.some(({ msg }) => String(msg).startsWith("the primary is unreachable")));
    await primary.kill();
    // By now the search waits for the port that says nothing.
    await delay(500);
    await standby.promote();
    const promoted = performance.now();
    expect((await asked).status).toBe(200);
    expect((await client.changeValue(1, value(3, "after"))).status).toBe(200);
    expect((await client.get("/Cities")).stale).toBeUndefined();
    // CONNECT_MS is twice as long, WRITE_STATEMENT_MS four times.
    expect(performance.now() - promoted).toBeLessThan(5_000);
  });

  test("vanishes without closing connections, and is replaced: nobody waits until its answer is overdue", async () => {
    const { primary, standby, databaseUrl } = await startPair();
    const way = await TcpProxy.start(primary.port);
    ends.push(() => way.close());
    const env = { READ_PATIENCE_MS: "50000", CONNECT_MS: "50000", WRITE_STATEMENT_MS: "50000" };
    const replica = await api(listOf(way.urlThrough(databaseUrl), standby.urlHere(databaseUrl)), env);
    const client = new ApiClient(replica.url);
    bodyOf.value(await client.addValue(1, value(1, "before")));
    way.silence();
    const [read, added] = [client.get("/Cities"), client.addValue(1, value(2, "meanwhile"))];
    await primary.kill();
    await standby.promote();
    expect((await read).stale).toBeUndefined();
    expect((await added).status).toBe(200);
  });

  test("that is silent for a while keeps its connection", async () => {
    const { primary, databaseUrl } = await startPair();
    const way = await TcpProxy.start(primary.port);
    ends.push(() => way.close());
    const replica = await api(way.urlThrough(databaseUrl), { READ_PATIENCE_MS: "50000" });
    const sessions = () =>
      primary.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'goldenring reads' ORDER BY 1");
    const before = await sessions();
    const client = new ApiClient(replica.url);
    way.delay(300);
    expect((await client.get("/Cities")).stale).toBeUndefined();
    expect((await client.get("/Cities")).stale).toBeUndefined();
    await until(async () => isDeepStrictEqual(await sessions(), before));
  });

  test("is switched over under load: the old primary is skipped, though it is first in the list and answers", async () => {
    const { primary, standby, url, databaseName } = await startPair();
    const replicas = [await api(url), await api(url)];
    const load = await startLoad(replicas);
    await delay(500);
    await primary.stop();
    await standby.promote();
    follow(primary, standby);
    await primary.restart();
    // The connections that found the new primary break, and the search restarts with the old one.
    await standby.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'goldenring%'",
    );
    const addedBefore = load.added.acknowledged;
    await until(async () => load.added.acknowledged > addedBefore + 100);
    await load.stop();

    expect(await primary.execute("SELECT pg_is_in_recovery() AS standby")).toEqual([{ standby: true }]);
    expect(load.violations(await readTables(standby, databaseName))).toEqual([]);
    expect(load.unconfirmed).toEqual([]);
  });

  test("is found by a service that has the standby first in its list", async () => {
    const { primary, standby, databaseUrl, databaseName } = await startPair();
    const replica = await api(listOf(standby.urlHere(databaseUrl), databaseUrl));
    const client = new ApiClient(replica.url);
    const { id } = bodyOf.value(await client.addValue(1, value(1, "through the second")));
    const answer = await client.get(`/Forecast/${id}`);
    expect(bodyOf.value(answer).summary).toBe("through the second");
    expect(answer.stale).toBeUndefined();
    expect((await readTables(primary, databaseName)).values.some((row) => row.id === id)).toBe(true);
  });

  test("is asked again over one session while it is a standby, and found after its promotion", async () => {
    const { primary, standby, databaseUrl } = await startPair();
    const search = { connectDeadlineMs: 5_000, staggerMs: 100, applicationName: "finder" };
    const finder = new PrimaryFinder(parseDatabaseUrl(standby.urlHere(databaseUrl)), search);
    const sessions = async () =>
      (await standby.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'finder'")).map(
        ({ pid }) => pid,
      );
    const pids: unknown[] = [];
    for (let round = 0; round < 20; round += 1) {
      await expect(finder.find()).rejects.toThrow("is a replica");
      pids.push(...(await sessions()));
    }
    expect(pids).toHaveLength(20);
    expect(new Set(pids).size).toBeLessThan(10);
    await primary.kill();
    await standby.promote();
    const { connection } = await finder.find();
    expect(await connection.query("SELECT pg_is_in_recovery()", [], 5_000)).toEqual([["f"]]);
    await connection.close();
    await until(async () => (await sessions()).length === 0);
  });

  test("acknowledges a write that survived its crash only once the standby has it, too", async () => {
    const { primary, standby, url, databaseName, link } = await startPair();
    // One each, because a replica sends one statement at a time.
    const [adder, changer] = [new ApiClient((await api(url)).url), new ApiClient((await api(url)).url)];
    const { id: changedId } = bodyOf.value(await adder.addValue(1, value(1, "before")));
    const leftBehind = async (where: ThrowawayCluster): Promise<Value[]> =>
      (await readTables(where, databaseName)).values.filter(({ summary }) => summary === "left behind");
    link.silence();
    const writes = Promise.all([
      adder.addValue(1, value(2, "left behind")),
      changer.changeValue(changedId, value(3, "left behind")),
    ]);
    const waitsForStandby = "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    await until(async () => (await primary.execute(waitsForStandby)).length === 2);
    expect(await leftBehind(primary)).toEqual([]);
    await primary.kill();
    await primary.restart();
    await until(async () => (await leftBehind(primary)).length === 2);
    expect(await Promise.race([writes, delay(1_500, "unacknowledged")])).toBe("unacknowledged");

    await primary.kill();
    link.endSilence("reset");
    await standby.promote();
    const [added, changed] = (await writes).map(bodyOf.value);
    const both = [changed, added].map((row) => ({ ...row, id: row?.id }));
    expect(await leftBehind(standby)).toMatchObject(both);
  });

  test("never gives an id again that a replica took while the standby was unreachable", async () => {
    const { primary, standby, url, databaseName, link } = await startPair();
    const [a, b] = [new ApiClient((await api(url)).url), new ApiClient((await api(url)).url)];
    // PostgreSQL writes down 32 ids of a sequence at a time: take them up to the last.
    await untilNoIdIsWrittenDown(primary, databaseName);
    link.silence();
    const first = b.addValue(1, value(1, "first"));
    await delay(200);
    const second = a.addValue(1, value(2, "second"));
    await delay(200);
    await primary.kill();
    link.endSilence("reset");
    await standby.promote();

    const answers = [await first, await second];
    const addMany = async (replica: ApiClient, name: string): Promise<void> => {
      for (let index = 0; index < 40; index += 1)
        answers.push(await replica.addValue(1, value(index, `${name} ${index}`)));
    };
    await addMany(b, "b");
    await addMany(a, "a");
    const { values } = await readTables(standby, databaseName);
    const stored = new Map(values.map((row) => [row.id, row]));
    const lost = answers.map(bodyOf.value).filter((row) => !isDeepStrictEqual(row, stored.get(row.id)));
    expect(lost).toEqual([]);
  });
});

test("a primary that is made read-only for a while gets the write as soon as it takes it", async () => {
  const primary = await startCluster();
  const client = new ApiClient((await api(await primary.createDatabase())).url);
  bodyOf.value(await client.addValue(1, value(1, "before")));
  const setReadOnly = async (onOrOff: string) => {
    await primary.execute(`ALTER SYSTEM SET default_transaction_read_only = ${onOrOff}`);
    await primary.execute("SELECT pg_reload_conf()");
    await delay(100);
  };
  await setReadOnly("on");
  const writing = [
    client.addValue(1, value(2, "kept")),
    client.renameCity(1, "Kept"),
    client.changeValue(1, value(3, "kept")),
  ];
  expect(await Promise.race([...writing, delay(700, "waits")])).toBe("waits");
  await setReadOnly("off");
  expect((await Promise.all(writing)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

async function startCluster(): Promise<ThrowawayCluster> {
  const cluster = await startThrowawayCluster();
  ends.push(() => cluster.remove());
  return cluster;
}

interface Pair {
  readonly primary: ThrowawayCluster;
  readonly standby: ThrowawayStandby;
  /** What the standby hears of the primary comes through here. */
  readonly link: TcpProxy;
  /** At the primary. */
  readonly databaseUrl: string;
  readonly databaseName: string;
  /** Both, the primary first. */
  readonly url: string;
}

async function startPair(): Promise<Pair> {
  const primary = await startCluster();
  const databaseUrl = await primary.createDatabase();
  const standby = await primary.createStandby({ name: "second", synchronous: true });
  ends.push(() => standby.remove());
  const link = await TcpProxy.start(primary.port);
  ends.push(() => link.close());
  const [row] = await standby.execute<{ primary_conninfo: string }>("SHOW primary_conninfo");
  const conninfo = row?.primary_conninfo.replace(/port=\d+/, `port=${link.port}`);
  await standby.execute(`ALTER SYSTEM SET primary_conninfo = '${conninfo}'`);
  await standby.execute("SELECT pg_reload_conf()");
  await until(async () => {
    const streams = await primary.execute("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'");
    return link.connections > 0 && streams.length === 1;
  });
  const databaseName = new URL(databaseUrl).pathname.slice(1);
  return { primary, standby, link, databaseUrl, databaseName, url: listOf(databaseUrl, standby.urlHere(databaseUrl)) };
}

/** One URL with the hosts of two, in this order. */
function listOf(first: string, second: string): string {
  return first.replace(new URL(first).host, `${new URL(first).host},${new URL(second).host}`);
}

async function api(databaseUrl: string, env: Readonly<Record<string, string>> = {}): Promise<Replica> {
  const replica = await startReplica({ databaseUrl, env });
  ends.push(() => replica.stop());
  return replica;
}

async function startLoad(replicas: readonly Replica[]): Promise<Load> {
  const load = await startFaultLoad(
    replicas.map(({ url }) => url),
    READ_BOUND_MS,
  );
  ends.push(() => load.stop());
  return load;
}

/** Makes a stopped primary a standby of what was its own. */
function follow(stopped: ThrowawayCluster, primary: ThrowawayCluster): void {
  const data = join(dirname(stopped.logFile), "cluster");
  const { hostname, port, username, password } = new URL(primary.superuserUrl());
  writeFileSync(
    join(data, "postgresql.auto.conf"),
    `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password} application_name=first'\n`,
  );
  writeFileSync(join(data, "standby.signal"), "");
}

async function untilNoIdIsWrittenDown(cluster: ThrowawayCluster, databaseName: string): Promise<void> {
  await cluster.execute("CHECKPOINT", databaseName);
  await until(async () => {
    await cluster.execute("SELECT nextval('forecast_id_seq')", databaseName);
    const [row] = await cluster.execute<{ log_cnt: string }>("SELECT log_cnt FROM forecast_id_seq", databaseName);
    return row?.log_cnt === "0";
  });
}
