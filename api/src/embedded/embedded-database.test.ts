import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { isGiven } from "../../../skips.fixture.ts";
import { EmbeddedDatabaseFixture, isRunning, nextLine, pathWithout, query } from "./embedded-database.fixture.ts";
import { waitUntil } from "./processes.ts";

setDefaultTimeout(60_000);

/** A row for each connection that is in the middle of a long query of its own. */
const SLEEPING = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(60)'";

let fixture: EmbeddedDatabaseFixture;
beforeEach(() => {
  fixture = new EmbeddedDatabaseFixture();
});
afterEach(() => fixture.cleanUp());

describe("the first start", () => {
  test("creates a database that belongs to a role which is no superuser", async () => {
    const { url } = await fixture.open();
    expect(await query(url, "SELECT current_user, current_database()")).toEqual([
      { current_user: "weather", current_database: "weather" },
    ]);
    const role = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user";
    expect(await query(url, role)).toEqual([{ rolsuper: false, rolcreatedb: false, rolcreaterole: false }]);
    await query(url, "CREATE TABLE own (id int)");
  });

  test("makes a durable UTF-8 cluster that listens on the loopback address only", async () => {
    const { url } = await fixture.open();
    const superuser = new URL(url);
    superuser.username = "postgres";
    superuser.password = readFileSync(join(fixture.folder, "superuser-password"), "utf8").trim();
    const settings = await query(
      superuser.href.replace(/weather$/, "postgres"),
      `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes',
           'data_checksums', 'listen_addresses', 'unix_socket_directories', 'server_encoding') ORDER BY name`,
    );
    expect(settings).toEqual([
      { name: "data_checksums", setting: "on" },
      { name: "fsync", setting: "on" },
      { name: "full_page_writes", setting: "on" },
      { name: "listen_addresses", setting: "127.0.0.1" },
      { name: "server_encoding", setting: "UTF8" },
      { name: "synchronous_commit", setting: "on" },
      { name: "unix_socket_directories", setting: "" },
    ]);
  });

  test("keeps passwords out of the reach of other users and asks for them", async () => {
    const { url } = await fixture.open();
    for (const name of ["", "cluster", "database-url", "superuser-password", "postgres.log"]) {
      expect(statSync(join(fixture.folder, name)).mode & 0o077).toBe(0);
    }
    const wrong = new URL(url);
    wrong.password = "wrong";
    await expect(query(wrong.href, "SELECT 1")).rejects.toThrow("password authentication failed");
    expect(readFileSync(join(fixture.folder, "database-url"), "utf8").trim()).toBe(url);
  });

  test("removes what a start that was killed during initdb has left", async () => {
    const child = fixture.startChild();
    const unfinished = () =>
      existsSync(fixture.folder) && readdirSync(fixture.folder).some((name) => name.includes("unfinished"));
    expect(await waitUntil(unfinished, 20_000)).toBe(true);
    child.kill("SIGKILL");
    const { url } = await fixture.open();
    expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(unfinished()).toBe(false);
  });
});

describe("a later start", () => {
  beforeEach(() => fixture.openedBefore());

  test("finds the data, on the same port", async () => {
    const first = await fixture.open();
    await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.stop();
    const second = await fixture.open();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  });

  test("takes another port when the old one is in use, and notes it", async () => {
    const first = await fixture.open();
    await first.stop();
    const taken = createServer().listen(Number(new URL(first.url).port), "127.0.0.1");
    const second = await fixture.open();
    taken.close();
    expect(second.url).not.toBe(first.url);
    expect(readFileSync(join(fixture.folder, "database-url"), "utf8").trim()).toBe(second.url);
    expect(await query(second.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("is not stopped by a stale postmaster.pid whose process id now belongs to another program", async () => {
    writeFileSync(
      join(fixture.dataDirectory, "postmaster.pid"),
      `${process.pid}\n${fixture.folder}/cluster\n1\n5432\n\n\n`,
    );
    const { url } = await fixture.open();
    expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("makes a new password when the file with the URL is lost", async () => {
    const first = await fixture.open();
    await first.stop();
    writeFileSync(join(fixture.folder, "database-url"), "");
    const second = await fixture.open();
    expect(new URL(second.url).password).not.toBe(new URL(first.url).password);
    expect(await query(second.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("explains what to do when the server cannot start, with the server's own messages", async () => {
    writeFileSync(join(fixture.dataDirectory, "PG_VERSION"), "17\n");
    await expect(fixture.open()).rejects.toThrow(/incompatible with server[\s\S]*another major version/);
    expect(fixture.processes()).toEqual([]);
  });
});

describe("a second start while one runs", () => {
  beforeEach(() => fixture.openedBefore());

  test("names the process that runs, its port, and the file with the URL for a second replica", async () => {
    const running = await fixture.openInChild();
    const message = await fixture.open().then(
      () => "opened",
      (error: Error) => error.message,
    );
    expect(message).toContain(`process ${running.process.pid} runs it`);
    expect(message).toContain(`port ${new URL(running.firstLine).port}`);
    expect(message).toContain(`PORT=8081 DATABASE_URL="$(cat '${join(fixture.folder, "database-url")}')" npm start`);
    expect(await query(running.firstLine, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("is possible as soon as the first one has stopped", async () => {
    const running = await fixture.openInChild();
    running.process.kill("SIGTERM");
    await once(running.process, "exit");
    expect((await fixture.open()).url).toBe(running.firstLine);
  });
});

describe("when the process that opened it is killed", () => {
  beforeEach(() => fixture.openedBefore());

  test.skipIf(!isGiven("Linux", process.platform === "linux"))("the server ends with it", async () => {
    const running = await fixture.openInChild();
    expect(fixture.processes()).not.toEqual([]);
    running.process.kill("SIGKILL");
    expect(await waitUntil(() => fixture.processes().length === 0, 20_000)).toBe(true);
  });

  test("the next start works at once, with the data, on the same port", async () => {
    const running = await fixture.openInChild();
    await query(running.firstLine, "CREATE TABLE kept AS SELECT 42 AS answer");
    running.process.kill("SIGKILL");
    const { url } = await fixture.open();
    expect(url).toBe(running.firstLine);
    expect(await query(url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  });

  test("a server that was left behind, where the kernel could not end it, is stopped by the next start", async () => {
    const running = await fixture.openInChild({ environment: { PATH: pathWithout("setpriv") } });
    const left = fixture.processes();
    expect(left).not.toEqual([]);
    running.process.kill("SIGKILL");
    await once(running.process, "exit");
    const { url, pid } = await fixture.open();
    expect(url).toBe(running.firstLine);
    expect(left).not.toContain(pid);
    expect(left.filter(isRunning)).toEqual([]);
    expect(fixture.logged.join("\n")).toContain("ended without its PostgreSQL");
  });
});

describe("a running database", () => {
  beforeEach(() => fixture.openedBefore());

  test("comes back on the same port when its server is killed", async () => {
    const database = await fixture.open();
    const { url, pid } = database;
    await query(url, "CREATE TABLE kept AS SELECT 42 AS answer");
    process.kill(pid, "SIGKILL");
    expect(await waitUntil(() => fixture.logged.includes("PostgreSQL runs again."), 30_000)).toBe(true);
    expect(database.pid).not.toBe(pid);
    expect(await query(url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  });

  test("does not get the terminal's Ctrl-C, which goes to the whole process group", async () => {
    const running = await fixture.openInChild();
    const heard = nextLine(running.process);
    process.kill(-(running.process.pid ?? 0), "SIGINT");
    expect(await heard).toBe("interrupted");
    expect(await query(running.firstLine, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("leaves no process when it is stopped, even with connections in use, and can be stopped twice", async () => {
    const database = await fixture.open();
    const busy = query(database.url, "SELECT pg_sleep(60)").catch((error: Error) => error.message);
    while ((await query(database.url, SLEEPING)).length === 0);
    await Promise.all([database.stop(), database.stop()]);
    expect(fixture.processes()).toEqual([]);
    expect(isRunning(database.pid)).toBe(false);
    expect(await busy).toMatch(/terminat/);
    expect(readFileSync(join(fixture.folder, "postgres.log"), "utf8")).toContain("database system is shut down");
  });
});
