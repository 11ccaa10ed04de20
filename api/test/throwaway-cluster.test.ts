import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { isRunning } from "../src/embedded/embedded-database.fixture.ts";
import { clusterProcesses, waitUntil } from "../src/embedded/processes.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "./throwaway-cluster.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = await connect(url);
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("a throwaway cluster", () => {
  let cluster: ThrowawayCluster;
  let url: string;

  beforeAll(async () => {
    cluster = await startThrowawayCluster();
    url = await cluster.createDatabase();
    await query(url, "CREATE TABLE kept (id int)");
  }, TEST_DEADLINE_MS);
  afterAll(() => cluster.remove(), TEST_DEADLINE_MS);

  test("gives each database an owner who is no superuser", async () => {
    expect(await query(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).toEqual([
      { rolsuper: false },
    ]);
    expect(await query(cluster.superuserUrl(), "SHOW server_encoding")).toEqual([{ server_encoding: "UTF8" }]);
  });

  test("keeps what was confirmed over a kill, and takes the same port again", async () => {
    const client = await connect(url);
    await client.query("INSERT INTO kept VALUES (1)");
    const broken = new Promise((resolve) => client.once("end", resolve));
    await cluster.kill();
    await broken;
    await expect(query(url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");
    await cluster.restart();
    expect(await query(url, "SELECT id FROM kept")).toEqual([{ id: 1 }]);
  });

  test("leaves connections open but silent while it is suspended", async () => {
    const client = await connect(url);
    await cluster.suspend();
    const answer = client.query("SELECT 1 AS one").then(() => performance.now());
    const resumed = performance.now() + 300;
    setTimeout(() => cluster.resume(), 300);
    expect(await answer).toBeGreaterThanOrEqual(resumed);
    await client.end();
  });

  test("starts again after a stop, also after one while suspended", async () => {
    await cluster.suspend();
    await cluster.stop();
    expect(isRunning(cluster.pid)).toBe(false);
    await cluster.restart();
    expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("has a synchronous standby that knows every confirmed row when it is promoted after the death of the primary", async () => {
    const standby = await cluster.createStandby({ name: "second", synchronous: true });
    await query(url, "CREATE TABLE followed AS SELECT generate_series(1, 1000) AS id");
    await expect(query(standby.urlHere(url), "CREATE TABLE refused ()")).rejects.toThrow("read-only");
    await cluster.kill();
    await standby.promote();
    expect(await query(standby.urlHere(url), "SELECT count(*)::int FROM followed")).toEqual([{ count: 1000 }]);
    await query(standby.urlHere(url), "CREATE TABLE accepted ()");
    await standby.remove();
  });
});

test("nothing of a cluster is left when the test process is killed, even while it is suspended", async () => {
  const program = `
    const { startThrowawayCluster } = await import(${JSON.stringify(fileURLToPath(import.meta.resolve("./throwaway-cluster.ts")))});
    const cluster = await startThrowawayCluster();
    await cluster.suspend();
    console.log(cluster.logFile);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [logFile] = await Array.fromAsync(takeOne(createInterface(child.stdout)));
  const folder = (logFile ?? "").replace(/\/postgres\.log$/, "");
  expect(clusterProcesses(`${folder}/cluster`)).not.toEqual([]);
  child.kill("SIGKILL");
  const isClean = () => clusterProcesses(`${folder}/cluster`).length === 0 && !existsSync(folder);
  expect(await waitUntil(isClean, 10_000)).toBe(true);
});

async function* takeOne(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) {
    yield line;
    return;
  }
}
