import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../src/embedded/processes.ts";
import { databaseName } from "./client/api-under-test.ts";
import { ask, askOn } from "./client/ask.ts";
import { type Answer, WireConnection } from "./client/connection.ts";
import { expectProblem } from "./client/problem.ts";
import { type Replica, type ReplicaOptions, startReplica } from "./replica.ts";
import { withClient } from "./throwaway/standby.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "./throwaway-cluster.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);
const VALUE = { dateTime: 1_700_000_000_000, temperature: -7, summary: "Snow" };

let cluster: ThrowawayCluster;
let replicas: Replica[] = [];

beforeAll(async () => {
  cluster = await startThrowawayCluster();
}, TEST_DEADLINE_MS);
afterEach(async () => {
  cluster.resume();
  await Promise.all(replicas.map((replica) => replica.kill()));
  replicas = [];
}, TEST_DEADLINE_MS);
afterAll(() => cluster.remove(), TEST_DEADLINE_MS);

async function start(databaseUrl: string, options: Omit<ReplicaOptions, "databaseUrl"> = {}): Promise<Replica> {
  const replica = await startReplica({ databaseUrl, ...options });
  replicas.push(replica);
  return replica;
}

/** The exit code and the error of a replica that must not start. */
async function refusal(databaseUrl: string, env: Record<string, string> = {}): Promise<string> {
  const started = start(databaseUrl, { env }).then(
    () => "it started",
    (error: Error) => error.message,
  );
  return Promise.race([started, delay(25_000, "it waits")]);
}

/** Runs statements as the owner of the database, as the original service's setup did. */
function asOwner(url: string, sql: string): Promise<Record<string, unknown>[]> {
  return withClient(url, async (client) => {
    const result = await client.query(sql);
    return Array.isArray(result) ? [] : result.rows;
  });
}

function logged(replica: Replica, message: string): readonly Readonly<Record<string, unknown>>[] {
  return replica.logs.filter(({ msg }) => msg === message);
}

async function json<T>(replica: Replica, path: string): Promise<T> {
  const answer = await ask(replica, `GET ${path}`);
  expect(`${path} ${answer.status}`).toBe(`${path} 200`);
  return answer.json<T>();
}

const ORIGINAL_SCHEMA = `
  CREATE TABLE public.cities (id bigserial, name varchar(255));
  CREATE TABLE public.forecast (id bigserial, "cityId" bigint, "dateTime" bigint, temperature integer, summary text);`;

/** Everything that a start could change: tables, columns, defaults, indexes, triggers, functions, sequences, rows. */
async function everythingIn(url: string): Promise<unknown> {
  const name = databaseName(url);
  return Promise.all([
    cluster.execute(
      "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
      name,
    ),
    cluster.execute(
      "SELECT table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
      name,
    ),
    cluster.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace", name),
    cluster.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal", name),
    cluster.execute(
      "SELECT last_value, is_called FROM cities_id_seq UNION ALL SELECT last_value, is_called FROM forecast_id_seq",
      name,
    ),
    cluster.execute("SELECT * FROM cities ORDER BY id, name", name),
    cluster.execute("SELECT * FROM forecast ORDER BY id, summary", name),
  ]);
}

describe("an existing database of the original service", () => {
  test("is taken over with its rows, gaps and NULLs, and new ids follow on the greatest one", async () => {
    const url = await cluster.createDatabase();
    await asOwner(
      url,
      `${ORIGINAL_SCHEMA}
      INSERT INTO cities (id, name) VALUES (1, 'Москва'), (2, NULL), (7, 'Плёс "на" Волге');
      INSERT INTO forecast (id, "cityId", "dateTime", temperature, summary) VALUES
        (3, 1, 1700000000, 5, 'Mild'), (2, 1, 1700000000001, NULL, NULL), (40, 7, NULL, 1, ''),
        (41, 99, 1, 1, 'no such city'), (42, NULL, NULL, NULL, NULL);`,
    );
    const replica = await start(url);
    expect(await json<unknown>(replica, "/Cities")).toEqual([
      { id: 1, name: "Москва" },
      { id: 2, name: "" },
      { id: 7, name: 'Плёс "на" Волге' },
    ]);
    const inMoscow = [
      { id: 2, cityId: 1, dateTime: 1_700_000_000_001, temperature: 0, summary: null },
      { id: 3, cityId: 1, dateTime: 1_700_000_000, temperature: 5, summary: "Mild" },
    ];
    expect(await json<unknown>(replica, "/WeatherForecast")).toEqual([
      { id: 1, name: "Москва", forecast: inMoscow },
      { id: 2, name: "", forecast: [] },
      { id: 7, name: 'Плёс "на" Волге', forecast: [{ id: 40, cityId: 7, dateTime: 0, temperature: 1, summary: "" }] },
    ]);
    expect(await json<unknown>(replica, "/Forecast/41")).toMatchObject({ cityId: 99, summary: "no such city" });
    expect(await json<unknown>(replica, "/Forecast/42")).toEqual({
      id: 42,
      cityId: 0,
      dateTime: 0,
      temperature: 0,
      summary: null,
    });

    const city = await ask(replica, "POST /Cities", { json: { name: "Новый" } });
    expect(city.json<{ id: number }>().id).toBe(8);
    const value = await ask(replica, "POST /Forecast/8", { json: VALUE });
    expect(value.json<{ id: number }>().id).toBe(43);
    expect((await ask(replica, "PUT /Forecast/42", { json: { ...VALUE, cityId: 2 } })).status).toBe(200);
    expect(await asOwner(url, 'SELECT id, "cityId" FROM forecast WHERE id IN (42, 43) ORDER BY id')).toEqual([
      { id: "42", cityId: "2" },
      { id: "43", cityId: "8" },
    ]);
  });

  test("can still be used by the original service: its inserts, updates and deletes show at once", async () => {
    const url = await cluster.createDatabase();
    await asOwner(url, `${ORIGINAL_SCHEMA} INSERT INTO cities (name) VALUES ('One')`);
    const replica = await start(url);
    const [row] = await asOwner(
      url,
      `INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary) VALUES (1, 5, 6, 'x') RETURNING id`,
    );
    expect(await json<unknown>(replica, `/Forecast/${row?.id}`)).toMatchObject({ dateTime: 5, summary: "x" });
    await asOwner(url, `UPDATE public.forecast SET temperature = 7 WHERE id = ${row?.id}`);
    expect(await json<unknown>(replica, `/Forecast/${row?.id}`)).toMatchObject({ temperature: 7 });
    await asOwner(url, `DELETE FROM public.forecast WHERE id = ${row?.id}`);
    expectProblem(await ask(replica, `GET /Forecast/${row?.id}`), 404);
  });

  test("is migrated once: the next start changes nothing", async () => {
    const url = await cluster.createDatabase();
    await asOwner(url, `${ORIGINAL_SCHEMA} INSERT INTO cities (name) VALUES ('One')`);
    const first = await start(url);
    expect(logged(first, "migrated").length).toBeGreaterThan(0);
    await first.stop();
    const before = await everythingIn(url);
    const second = await start(url);
    expect(logged(second, "migrated")).toEqual([]);
    expect(await everythingIn(url)).toEqual(before);
  });

  test.each(["cities", "forecast"])(
    "with doubled ids in %s is refused with these ids, and left unchanged",
    async (table) => {
      const url = await cluster.createDatabase();
      await asOwner(
        url,
        `${ORIGINAL_SCHEMA}
      INSERT INTO cities (id, name) VALUES (1, 'One'), (2, 'Two');
      INSERT INTO forecast (id, "cityId", summary) VALUES (1, 1, 'a'), (2, 1, 'b');
      INSERT INTO ${table} (id) VALUES (2);`,
      );
      const before = await everythingIn(url);
      const words = await refusal(url);
      expect(words).toContain("ended with 1");
      expect(words).toContain(`public.${table} has rows that share an id (such as 2)`);
      expect(await everythingIn(url)).toEqual(before);
    },
  );

  test("gets sequences where it has none", async () => {
    const url = await cluster.createDatabase();
    await asOwner(
      url,
      `CREATE TABLE cities (id bigint NOT NULL, name varchar(255));
      CREATE TABLE forecast (id bigint, "cityId" bigint, "dateTime" bigint, temperature integer, summary text);
      INSERT INTO cities VALUES (5, 'Five'); INSERT INTO forecast VALUES (9, 5, 1, 1, NULL);`,
    );
    const replica = await start(url);
    expect((await ask(replica, "POST /Cities", { json: { name: "x" } })).json<{ id: number }>().id).toBe(6);
    expect((await ask(replica, "POST /Forecast/6", { json: VALUE })).json<{ id: number }>().id).toBe(10);
  });

  test("with an id that no answer can show is refused with this id", async () => {
    const url = await cluster.createDatabase();
    await asOwner(url, `${ORIGINAL_SCHEMA} INSERT INTO cities (id, name) VALUES (9007199254740993, 'x')`);
    const words = await refusal(url);
    expect(words).toContain("ended with 1");
    expect(words).toContain("9007199254740993");
  });

  test("that a newer build has migrated is refused", async () => {
    const url = await cluster.createDatabase();
    await (await start(url)).stop();
    await asOwner(url, "INSERT INTO weather_migrations (version, title) VALUES (1000, 'from the future')");
    const words = await refusal(url);
    expect(words).toContain("ended with 1");
    expect(words).toContain("start a newer build");
  });

  test("is named by the original's own variable as well", async () => {
    const url = await cluster.createDatabase();
    const { hostname, port, username, password } = new URL(url);
    const replica = await start("", {
      env: {
        ConnectionStrings__PgConnection: `Server=${hostname};Port=${port};Database=${databaseName(url)};User Id=${username};Password=${password}`,
      },
    });
    expect((await json<unknown[]>(replica, "/Cities")).length).toBe(9);
    expect(await asOwner(url, "SELECT count(*)::int FROM cities")).toEqual([{ count: 9 }]);
  });
});

describe("an empty database", () => {
  test("gets the sample data once when three replicas start at the same moment", async () => {
    const url = await cluster.createDatabase();
    const three = await Promise.all([start(url), start(url), start(url)]);
    expect(await asOwner(url, "SELECT array_agg(id::int ORDER BY id) AS ids FROM cities")).toEqual([
      { ids: Array.from({ length: 9 }, (_, index) => index + 1) },
    ]);
    expect(await asOwner(url, "SELECT array_agg(id::int ORDER BY id) AS ids FROM forecast")).toEqual([
      { ids: Array.from({ length: 720 }, (_, index) => index + 1) },
    ]);
    const tags = await Promise.all(three.map(async (one) => (await ask(one, "GET /Forecast")).header("etag")));
    expect(new Set(tags).size).toBe(1);
    const migrations = three.flatMap((one) => logged(one, "migrated").map(({ migration }) => migration));
    expect(migrations.length).toBeGreaterThan(0);
    expect(migrations.length).toBe(new Set(migrations).size);
    // The sequences stand behind the sample data.
    expect((await ask(three[0], "POST /Cities", { json: { name: "x" } })).json<{ id: number }>().id).toBe(10);
    expect((await ask(three[1], "POST /Forecast/10", { json: VALUE })).json<{ id: number }>().id).toBe(721);
  });

  test("stays empty without sample data", async () => {
    const url = await cluster.createDatabase();
    const replica = await start(url, { env: { SAMPLE_DATA: "never" } });
    for (const path of ["/Cities", "/Forecast", "/WeatherForecast"])
      expect(await json<unknown>(replica, path)).toEqual([]);
    expect((await ask(replica, "POST /Cities", { json: { name: "First" } })).text).toBe('{"id":1,"name":"First"}');
  });

  test("that holds any row is not filled", async () => {
    const url = await cluster.createDatabase();
    await asOwner(url, `${ORIGINAL_SCHEMA} INSERT INTO forecast ("cityId") VALUES (1)`);
    const replica = await start(url);
    expect(await json<unknown>(replica, "/Cities")).toEqual([]);
  });
});

describe("a database that cannot be reached at the start", () => {
  test("is waited for: the replica logs it, is not ready, and starts when the database comes", async () => {
    const own = await startThrowawayCluster();
    const url = await own.createDatabase();
    await own.stop();
    const replica = await start(url, { untilReady: false });
    expect(await waitUntil(() => logged(replica, "waiting for the database").length > 0, 5_000)).toBe(true);
    expect(String(logged(replica, "waiting for the database")[0]?.reason)).toContain("ECONNREFUSED");
    expect((await ask(replica, "GET /healthz/live")).text).toBe("Healthy");
    const ready = await ask(replica, "GET /healthz/ready");
    expect([ready.status, ready.text]).toEqual([503, "Unhealthy"]);
    for (const path of ["/Cities", "/Cities/1", "/Forecast", "/Forecast/1", "/WeatherForecast"]) {
      const answer = await ask(replica, `GET ${path}`);
      expectProblem(answer, 503);
      expect(answer.header("retry-after")).toBe("1");
    }
    expect((await ask(replica, "GET /metrics")).text).toContain("weather_primary_reachable 0");
    // A write that comes meanwhile waits, and is done.
    const write = ask(replica, "POST /Cities", { json: { name: "Waiting" }, deadlineMs: 30_000 });
    await own.restart();
    expect(await waitUntil(() => logged(replica, "ready").length > 0, 20_000)).toBe(true);
    expect((await ask(replica, "GET /healthz/ready")).status).toBe(200);
    const added = await write;
    expect(added.status).toBe(200);
    expect(await json<unknown[]>(replica, "/Cities")).toContainEqual(added.json());
    await replica.stop();
    await own.remove();
  });

  test("because its password is wrong is named in the log, without the password", async () => {
    const url = new URL(await cluster.createDatabase());
    url.password = "not-the-password";
    const replica = await start(url.href, { untilReady: false });
    expect(await waitUntil(() => logged(replica, "waiting for the database").length > 0, 5_000)).toBe(true);
    const line = JSON.stringify(replica.logs);
    expect(line).toContain("password authentication failed");
    expect(line).not.toContain("not-the-password");
  });

  test("does not keep the replica from stopping", async () => {
    const replica = await start("postgres://u:p@127.0.0.1:1/d", { untilReady: false });
    await waitUntil(() => logged(replica, "waiting for the database").length > 0, 5_000);
    const started = performance.now();
    expect(await replica.stop()).toBe(0);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe("a start that cannot succeed", () => {
  test("for more data than the memory budget ends with 1 and prints what to do", async () => {
    const url = await cluster.createDatabase();
    await asOwner(
      url,
      `${ORIGINAL_SCHEMA}
      INSERT INTO cities (name) VALUES ('One');
      INSERT INTO forecast ("cityId", "dateTime", temperature, summary)
        SELECT 1, n, 1, md5(n::text) FROM generate_series(1, 30000) n;`,
    );
    const words = await refusal(url, { MODEL_MEMORY_BUDGET_MB: "2" });
    expect(words).toContain("ended with 1");
    expect(words).toContain("raise MODEL_MEMORY_BUDGET_MB");
    expect(words).toContain("the budget is 2 MiB");
    // With room for them the same data are served.
    const replica = await start(url, { env: { MODEL_MEMORY_BUDGET_MB: "20" } });
    expect((await json<{ forecast: unknown[] }[]>(replica, "/Forecast"))[0]?.forecast.length).toBe(30_000);
  });

  test("with invalid settings ends with 2 and names each of them", async () => {
    const words = await refusal("postgres://u:SECRET@h:x/d", {
      PORT: "eighty",
      LOG_LEVEL: "loud",
      API_KEYS: "SECRET",
      WRITE_DEADLINE_MS: "1",
    });
    expect(words).toContain("ended with 2");
    for (const name of ["DATABASE_URL", "PORT", "LOG_LEVEL", "API_KEYS", "WRITE_DEADLINE_MS"]) {
      expect(words).toContain(`${name}: `);
    }
    expect(words).not.toContain("SECRET");
  });

  test("for a port that is taken ends with 1 and names the port", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    const words = await refusal(await cluster.createDatabase(), { PORT: String(port) });
    other.close();
    expect(words).toContain("ended with 1");
    expect(words).toContain(`port ${port} on 127.0.0.1 is taken by another program`);
  });
});

describe("SIGTERM", () => {
  test("turns readiness to 503 while requests are still answered, for the whole delay", async () => {
    const url = await cluster.createDatabase();
    const replica = await startReplica({ databaseUrl: url, env: { SHUTDOWN_DELAY_MS: "1500" } });
    const ended = replica.stop();
    await delay(300);
    const ready = await fetch(`${replica.url}/healthz/ready`);
    expect([ready.status, await ready.text()]).toEqual([503, "Unhealthy"]);
    expect((await fetch(`${replica.url}/Cities`)).status).toBe(200);
    expect(await ended).toBe(0);
  });

  interface Sent {
    readonly at: number;
    readonly dateTime: number;
    outcome: number | string;
    id: number;
  }

  /** Adds values one after another until the replica takes no more connections. */
  async function addUntilRefused(replica: Replica, worker: number, sent: Sent[]): Promise<void> {
    for (let n = 0; ; n += 1) {
      const one: Sent = { at: performance.now(), dateTime: worker * 1_000_000 + n, outcome: "nothing", id: 0 };
      sent.push(one);
      try {
        const json = { dateTime: one.dateTime, temperature: 1 };
        const answer = await ask(replica, "POST /Forecast/1", { json, deadlineMs: 20_000 });
        one.outcome = answer.status;
        one.id = answer.json<{ id: number }>().id;
      } catch (error) {
        one.outcome = error instanceof Error ? error.message : String(error);
        return;
      }
    }
  }

  test("under load: what was sent before is answered, no acknowledged write is lost, and the process ends with 0", async () => {
    const url = await cluster.createDatabase();
    const replica = await start(url);
    const sent: Sent[] = [];
    const load = Promise.all(Array.from({ length: 20 }, (_, worker) => addUntilRefused(replica, worker + 1, sent)));
    const sentBefore = (time: number) => sent.filter(({ at }) => at < time - 100);
    expect(await waitUntil(() => sentBefore(performance.now()).length > 100, 20_000)).toBe(true);
    const signalled = performance.now();
    expect(await replica.stop()).toBe(0);
    await load;
    expect(logged(replica, "stopped").length).toBe(1);
    // Connections that the kernel had taken, but not yet the process, end without an answer.
    const early = sentBefore(signalled);
    expect(early.length).toBeGreaterThan(100);
    expect(early.filter(({ outcome }) => outcome !== 200)).toEqual([]);
    const rows = await asOwner(url, 'SELECT id::int, "dateTime"::int FROM forecast WHERE id > 720');
    const stored = new Map(rows.map(({ id, dateTime }) => [id, dateTime]));
    const acknowledged = sent.filter(({ outcome }) => outcome === 200);
    expect(acknowledged.filter(({ id, dateTime }) => stored.get(id) !== dateTime)).toEqual([]);
    // Nothing is stored twice under different ids either.
    expect(new Set(stored.values()).size).toBe(stored.size);
  });

  test("while a write waits: it is answered, and readiness is 503", async () => {
    const url = await cluster.createDatabase();
    const replica = await start(url);
    const kept = await WireConnection.open(replica.url);
    expect((await askOn(kept, "GET /healthz/ready")).text).toBe("Healthy");
    /** Bun closes idle connections and takes no new ones when it stops: not ready either. */
    const readiness = (asking: Promise<Answer>) =>
      asking.then(
        ({ status }) => status,
        () => "gone",
      );
    await withClient(url, async (locker) => {
      await locker.query("BEGIN; LOCK TABLE forecast IN SHARE MODE");
      const write = ask(replica, "POST /Forecast/1", { json: VALUE });
      await delay(200);
      const stopped = replica.stop();
      await delay(200);
      expect([503, "gone"]).toContain(await readiness(askOn(kept, "GET /healthz/ready")));
      expect([503, "gone"]).toContain(await readiness(ask(replica, "GET /healthz/ready")));
      await locker.query("COMMIT");
      const answer = await write;
      expect(answer.status).toBe(200);
      kept.destroy();
      expect(await stopped).toBe(0);
      expect(
        await asOwner(url, `SELECT count(*)::int FROM forecast WHERE id = ${answer.json<{ id: number }>().id}`),
      ).toEqual([{ count: 1 }]);
    });
  });

  test("while a write waits whose client has left: the write is done", async () => {
    const url = await cluster.createDatabase();
    const replica = await start(url);
    await withClient(url, async (locker) => {
      await locker.query("BEGIN; LOCK TABLE forecast IN SHARE MODE");
      const leaving = await WireConnection.open(replica.url);
      askOn(leaving, "POST /Forecast/1", { json: { ...VALUE, summary: "left behind" } }).catch(() => {});
      await delay(200);
      leaving.destroy();
      await delay(50);
      const stopped = replica.stop();
      await delay(200);
      await locker.query("COMMIT");
      expect(await stopped).toBe(0);
    });
    expect(await asOwner(url, "SELECT count(*)::int FROM forecast WHERE summary = 'left behind'")).toEqual([
      { count: 1 },
    ]);
  });

  test("while a slow client reads a long answer: it gets the whole of it", async () => {
    const url = await cluster.createDatabase();
    const replica = await start(url, { env: { READ_PATIENCE_MS: "20000" } });
    await asOwner(
      url,
      'INSERT INTO forecast ("cityId", "dateTime", summary) SELECT 1, n, repeat(md5(n::text), 8) FROM generate_series(1, 60000) n',
    );
    const whole = (await ask(replica, "GET /Forecast")).bytes;
    expect(whole.length).toBeGreaterThan(15_000_000);
    const slow = await WireConnection.open(replica.url);
    slow.pause();
    const answer = askOn(slow, "GET /Forecast", { deadlineMs: 20_000 });
    await delay(300);
    const stopped = replica.stop();
    await delay(500);
    slow.read();
    expect((await answer).bytes.equals(whole)).toBe(true);
    slow.destroy();
    expect(await stopped).toBe(0);
  });

  test("while a read waits for a database that is silent: it is answered from memory", async () => {
    const url = await cluster.createDatabase();
    const replica = await start(url, { env: { READ_PATIENCE_MS: "1000" } });
    await cluster.suspend();
    const read = ask(replica, "GET /Cities/1");
    await delay(200);
    expect(await replica.stop()).toBe(0);
    expect((await read).header("warning")).toStartWith("110 ");
  });

  test("with a database that is silent: the process still ends with 0, soon after its grace time", async () => {
    const url = await cluster.createDatabase();
    const graceMs = 1_500;
    const replica = await start(url, { env: { SHUTDOWN_GRACE_MS: String(graceMs), READ_PATIENCE_MS: "300" } });
    await cluster.suspend();
    const write = ask(replica, "POST /Forecast/1", { json: VALUE }).then(
      ({ status }) => status,
      (error: Error) => error.name,
    );
    await delay(100);
    const started = performance.now();
    expect(await replica.stop()).toBe(0);
    const took = performance.now() - started;
    expect(took).toBeGreaterThan(graceMs - 100);
    expect(took).toBeLessThan(graceMs + 2_500);
    // The write may or may not be stored: the client gets a 503, or is cut off.
    expect([503, "ConnectionClosed"]).toContain(await write);
  });

  test("with a database that is silent and nothing to write: the process ends at once", async () => {
    const url = await cluster.createDatabase();
    const replica = await start(url);
    await cluster.suspend();
    const started = performance.now();
    expect(await replica.stop()).toBe(0);
    expect(performance.now() - started).toBeLessThan(3_500);
  });
});

describe("what is done to the rows by SQL", () => {
  interface Weather {
    readonly id: number;
    readonly name: string;
    readonly forecast: readonly { readonly id: number }[];
  }
  let url: string;
  let replica: Replica;

  const weather = () => json<Weather[]>(replica, "/WeatherForecast");
  const ids = async () => (await weather()).flatMap(({ forecast }) => forecast.map(({ id }) => id));

  /** The lists as they must be by the tables, whatever happened before. */
  async function expectAsTables(): Promise<void> {
    const rows = await asOwner(
      url,
      `SELECT c.id::int, c.name, coalesce(array_agg(f.id::int ORDER BY f.id) FILTER (WHERE f.id IS NOT NULL), '{}') AS ids
       FROM cities c LEFT JOIN forecast f ON f."cityId" = c.id GROUP BY c.id, c.name ORDER BY c.id`,
    );
    const shown = await weather();
    expect(shown.map(({ id, name, forecast }) => ({ id, name, ids: forecast.map((value) => value.id) }))).toEqual(
      rows as never,
    );
  }

  test("shows in the next read: updates, deletes, a changed id, a deleted city, TRUNCATE, transactions as a whole", async () => {
    url = await cluster.createDatabase();
    replica = await start(url);
    await expectAsTables();
    const changes = [
      "UPDATE forecast SET temperature = 99 WHERE id = 100",
      "DELETE FROM forecast WHERE id = 5",
      "DELETE FROM forecast WHERE id % 7 = 0",
      "UPDATE forecast SET id = 5000 WHERE id = 100",
      "UPDATE forecast SET id = id + 100000 WHERE id < 30",
      "UPDATE cities SET id = 77 WHERE id = 3",
      `UPDATE forecast SET "cityId" = 77 WHERE "cityId" = 3`,
      "DELETE FROM cities WHERE id = 4",
      `INSERT INTO cities (id, name) VALUES (4, 'Back')`,
      `INSERT INTO forecast ("cityId", "dateTime", temperature) SELECT 4, n, 1 FROM generate_series(1, 50) n`,
      "UPDATE cities SET name = 'Renamed by hand' WHERE id = 1",
      `BEGIN; DELETE FROM forecast WHERE id = 200; INSERT INTO forecast ("cityId", "dateTime") VALUES (1, 1); COMMIT`,
      "BEGIN; DELETE FROM forecast; ROLLBACK",
      `INSERT INTO forecast (id, "cityId") VALUES (300, 2) ON CONFLICT (id) DO UPDATE SET "cityId" = 2`,
      `MERGE INTO forecast f USING (VALUES (301)) v (id) ON f.id = v.id WHEN MATCHED THEN DELETE`,
      "TRUNCATE forecast",
      "TRUNCATE cities",
    ];
    for (const change of changes) {
      await asOwner(url, change);
      await expectAsTables();
    }
    expect(await json<unknown>(replica, "/Cities")).toEqual([]);
    expectProblem(await ask(replica, "GET /Forecast/1"), 404);
    expectProblem(await ask(replica, "POST /Forecast/1", { json: VALUE }), 404);
  });

  test("shows only once it is committed, however long that takes, and then also between later ones", async () => {
    url = await cluster.createDatabase();
    replica = await start(url);
    await withClient(url, async (slow) => {
      const { rows } = await slow
        .query("BEGIN")
        .then(() =>
          slow.query<{ id: string }>(
            'INSERT INTO forecast ("cityId", "dateTime", temperature) VALUES (1, 1, 1) RETURNING id',
          ),
        );
      const early = Number(rows[0]?.id);
      const later = (await ask(replica, "POST /Forecast/1", { json: VALUE })).json<{ id: number }>().id;
      expect(later).toBeGreaterThan(early);
      expect(await ids()).not.toContain(early);
      expect(await ids()).toContain(later);
      await slow.query("COMMIT");
      expect(await ids()).toContain(early);
      await expectAsTables();
    });
  });

  test("does not swallow a value that is added later, where rows were given ids ahead of the sequence", async () => {
    url = await cluster.createDatabase();
    replica = await start(url);
    for (const ahead of [40, 4_000]) {
      // Some ids are free again in between.
      await asOwner(
        url,
        `INSERT INTO forecast (id, "cityId", "dateTime", temperature)
          SELECT top + n, 2, n, 0 FROM (SELECT max(id) AS top FROM forecast) f, generate_series(1, ${ahead}) n WHERE n % 9 > 0;
        INSERT INTO cities (id, name)
          SELECT top + n, 'By hand' FROM (SELECT max(id) AS top FROM cities) c, generate_series(1, 6) n`,
      );
      for (let n = 0; n < 70; n += 1) {
        const added = await ask(replica, "POST /Forecast/1", { json: { dateTime: 1_000_000 + n, temperature: 1 } });
        expect((await ask(replica, `GET /Forecast/${added.json<{ id: number }>().id}`)).text).toBe(added.text);
      }
      const city = await ask(replica, "POST /Cities", { json: { name: "By request" } });
      expect((await ask(replica, `GET /Cities/${city.json<{ id: number }>().id}`)).text).toBe(city.text);
    }
    await expectAsTables();
  });

  test("is served completely when tens of thousands of rows change at once", async () => {
    url = await cluster.createDatabase();
    // On a busy machine a shorter patience would answer from memory, marked stale.
    replica = await start(url, { env: { READ_PATIENCE_MS: "20000" } });
    await ids();
    await asOwner(
      url,
      'INSERT INTO forecast ("cityId", "dateTime") SELECT 1 + n % 9, n FROM generate_series(1, 25000) n',
    );
    expect((await ids()).length).toBe(25_720);
    await asOwner(url, 'UPDATE forecast SET "cityId" = 10 - "cityId"');
    await expectAsTables();
  });
});

describe("another database cluster on the same address", () => {
  test("is noticed by its system identifier, and its data are served", async () => {
    const first = await startThrowawayCluster();
    const url = await first.createDatabase("weather");
    const { username, password } = new URL(url);
    const replica = await start(url);
    await ask(replica, "PUT /Cities/1", { json: { name: "In the first cluster" } });
    expect(await json<unknown>(replica, "/Cities/1")).toEqual({ id: 1, name: "In the first cluster" });
    await first.stop();

    const second = await startThrowawayCluster({ port: first.port, isUnique: true });
    await second.execute(`CREATE ROLE "${username}" LOGIN PASSWORD '${password}'`);
    await second.execute(`CREATE DATABASE weather OWNER "${username}"`);
    // Until somebody has migrated it, the other cluster is no database of ours: answers stay, and are marked.
    const stale = await ask(replica, "GET /Cities/1");
    expect(stale.json<unknown>()).toEqual({ id: 1, name: "In the first cluster" });
    expect(stale.header("warning")).toStartWith("110 ");
    const other = await start(url);
    await ask(other, "PUT /Cities/1", { json: { name: "In the second cluster" } });

    const fresh = await ask(replica, "GET /Cities/1");
    expect(fresh.json<unknown>()).toEqual({ id: 1, name: "In the second cluster" });
    expect(fresh.header("warning")).toBeNull();
    const loads = logged(replica, "data loaded");
    expect(loads.length).toBe(2);
    expect(loads[1]?.reason).toBe("the database's history changed");
    expect(loads[1]?.systemIdentifier).not.toBe(loads[0]?.systemIdentifier);
    const written = await ask(replica, "POST /Forecast/1", { json: VALUE });
    expect((await ask(other, `GET /Forecast/${written.json<{ id: number }>().id}`)).text).toBe(written.text);

    await Promise.all([replica.stop(), other.stop()]);
    await Promise.all([first.remove(), second.remove()]);
  });
});
