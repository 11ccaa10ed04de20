import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Replica, startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../throwaway-cluster.ts";
import { type Answer, ApiClient, bodyOf } from "./api-client.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { until } from "./until.ts";

const TEST_DEADLINE_MS = 30_000;
setDefaultTimeout(TEST_DEADLINE_MS);

let cluster: ThrowawayCluster;
let databaseUrl: string;
let databaseName: string;

beforeAll(async () => {
  cluster = await startThrowawayCluster();
  databaseUrl = await cluster.createDatabase();
  databaseName = new URL(databaseUrl).pathname.slice(1);
}, TEST_DEADLINE_MS);
afterAll(() => cluster?.remove(), TEST_DEADLINE_MS);

const temperatureOf = async (id: number): Promise<number | undefined> => {
  const [row] = await cluster.execute<{ temperature: number }>(
    `SELECT temperature FROM forecast WHERE id = ${id}`,
    databaseName,
  );
  return row?.temperature;
};
const rowsWith = async (summary: string): Promise<number> => {
  const [row] = await cluster.execute<{ count: number }>(
    `SELECT count(*)::int FROM forecast WHERE summary = '${summary}'`,
    databaseName,
  );
  return row?.count ?? -1;
};
const value = (temperature: number, summary = "a value") => ({ dateTime: 1_760_000_000, temperature, summary });

describe("a write that was done and whose answer was lost", () => {
  let way: TcpProxy;
  let processes: Replica[];
  /** Reaches the database through `way`. */
  let a: ApiClient;
  let b: ApiClient;
  /** As A, but it gives up before the lost answer is missed. */
  let hasty: ApiClient;
  /** The value under test: a new one for each test. */
  let id: number;

  beforeAll(async () => {
    way = await TcpProxy.start(cluster.port);
    const env = { WRITE_STATEMENT_MS: "400" };
    processes = [
      await startReplica({ databaseUrl: way.urlThrough(databaseUrl), env }),
      await startReplica({ databaseUrl, env }),
      await startReplica({ databaseUrl: way.urlThrough(databaseUrl), env: { ...env, WRITE_DEADLINE_MS: "250" } }),
    ];
    [a, b, hasty] = processes.map(({ url }) => new ApiClient(url)) as [ApiClient, ApiClient, ApiClient];
  }, TEST_DEADLINE_MS);
  beforeEach(async () => {
    ({ id } = bodyOf.value(await b.addValue(1, value(0))));
  });
  afterAll(async () => {
    await Promise.all(processes?.map((each) => each.stop()) ?? []);
    await way?.close();
  }, TEST_DEADLINE_MS);

  test("is not done again over a later change by another replica", async () => {
    const muted = way.muteOnce("change forecasts");
    const first = a.changeValue(id, value(1));
    await muted;
    await until(async () => (await temperatureOf(id)) === 1);
    const second = await b.changeValue(id, value(2));
    expect(second.status).toBe(200);
    expect((await first).status).toBe(200);
    expect(await temperatureOf(id)).toBe(2);
    for (const replica of [a, b]) expect(bodyOf.value(await replica.get(`/Forecast/${id}`)).temperature).toBe(2);
    expect(await a.counter("weather_write_retries_total")).toBeGreaterThan(0);
  });

  test("does not give a city its former name back", async () => {
    const muted = way.muteOnce("rename cities");
    const first = a.renameCity(2, "first");
    await muted;
    await until(async () => bodyOf.city(await b.get("/Cities/2")).name === "first");
    expect((await b.renameCity(2, "second")).status).toBe(200);
    expect((await first).status).toBe(200);
    for (const replica of [a, b]) expect(bodyOf.city(await replica.get("/Cities/2")).name).toBe("second");
  });

  test("stays before a later change of the same value by the same replica", async () => {
    const muted = way.muteOnce("change forecasts");
    const first = a.changeValue(id, value(1));
    await muted;
    await until(async () => (await temperatureOf(id)) === 1);
    const second = a.changeValue(id, value(2));
    expect((await first).status).toBe(200);
    expect((await second).status).toBe(200);
    expect(await temperatureOf(id)).toBe(2);
  });

  test("adds its value once, even if the answer is lost three times, and under the acknowledged id", async () => {
    const adding = (async () => {
      for (let time = 0; time < 3; time += 1) await way.muteOnce("add forecasts");
    })();
    const added = bodyOf.value(await a.addValue(1, value(3, "once")));
    await adding;
    expect(await rowsWith("once")).toBe(1);
    expect(bodyOf.value(await b.get(`/Forecast/${added.id}`))).toEqual(added);
  });

  test("adds its city once", async () => {
    const muted = way.muteOnce("add cities");
    const adding = a.send("POST", "/Cities", { name: "Палех" });
    await muted;
    const added = bodyOf.city(await adding);
    const cities = bodyOf.cities(await b.get("/Cities")).filter(({ name }) => name === "Палех");
    expect(cities).toEqual([added]);
  });

  test("does not undo a later change when it was answered 503 and arrives late", async () => {
    const muted = way.muteOnce("change forecasts");
    const first = hasty.changeValue(id, value(1));
    await muted;
    // Until it is done its outcome is open, and it may come after a change that began later.
    await until(async () => (await temperatureOf(id)) === 1);
    expect((await first).status).toBe(503);
    expect((await b.changeValue(id, value(2))).status).toBe(200);
    await delay(600);
    expect(await temperatureOf(id)).toBe(2);
  });

  test("does not undo a later change when the network delivers it after that change", async () => {
    // So that the statement is on its way, and not the connection for it.
    await a.changeValue(id, value(1));
    const arrived = way.silenceOnce("change forecasts");
    const first = a.changeValue(id, value(2));
    await arrived;
    expect((await b.changeValue(id, value(3))).status).toBe(200);
    way.endSilence("deliver");
    expect((await first).status).toBe(200);
    await delay(100);
    expect(await temperatureOf(id)).toBe(3);
  });

  test("is stored once when the network delivers it after it was answered 503", async () => {
    await hasty.addValue(1, value(0));
    const arrived = way.silenceOnce("add forecasts");
    const adding = hasty.addValue(1, value(4, "late"));
    await arrived;
    expect((await adding).status).toBe(503);
    expect(await rowsWith("late")).toBe(0);
    way.endSilence("deliver");
    await until(async () => (await rowsWith("late")) === 1);
    await delay(600);
    expect(await rowsWith("late")).toBe(1);
  });
});

describe("while the database is unavailable", () => {
  const WRITE_DEADLINE_MS = 700;
  /** For a busy computer; without the deadline a write waits for as long as the database is unavailable. */
  const MAX_LATE_MS = 2_500;
  const LIMIT = 20;
  let replica: Replica;
  let client: ApiClient;
  let way: TcpProxy;

  beforeAll(async () => {
    way = await TcpProxy.start(cluster.port);
    replica = await startReplica({
      databaseUrl: way.urlThrough(databaseUrl),
      env: { WRITE_DEADLINE_MS: String(WRITE_DEADLINE_MS), WRITE_QUEUE_LIMIT: String(LIMIT) },
    });
    client = new ApiClient(replica.url);
  }, TEST_DEADLINE_MS);
  beforeEach(async () => {
    await until(async () => (await client.addValue(1, value(0))).status === 200);
  });
  afterAll(async () => {
    await replica?.stop();
    await way?.close();
  }, TEST_DEADLINE_MS);

  const writes = {
    "POST of a value": () => client.addValue(1, value(1)),
    "POST of a city": () => client.send("POST", "/Cities", { name: "Гороховец" }),
    "PUT of a value": () => client.changeValue(1, value(1)),
    "PUT of a city": () => client.renameCity(3, "Гороховец"),
  };
  const absences = {
    "refuses connections": { begin: () => cluster.kill(), end: () => cluster.restart() },
    "is suspended": { begin: () => cluster.suspend(), end: async () => cluster.resume() },
    "is behind a silent network": {
      begin: async () => way.silence(),
      end: async () => way.endSilence("reset"),
    },
  };

  for (const [absence, { begin, end }] of Object.entries(absences)) {
    test(`when it ${absence}, a write is answered 503 with Retry-After at its deadline`, async () => {
      await begin();
      try {
        const answers = await Promise.all(
          Object.entries(writes).map(async ([name, write]) => ({ name, answer: await write() })),
        );
        expect(answers.map(({ name, answer }) => [name, complaintAbout(answer)])).toEqual(
          answers.map(({ name }) => [name, undefined]),
        );
      } finally {
        await end();
      }
    });
  }

  for (const name of ["POST of a value", "PUT of a value"] as const) {
    test(`no more than the limit wait: of ${LIMIT + 15} of ${name}, 15 are answered 503 at once and the others at their deadline`, async () => {
      await cluster.kill();
      try {
        await until(async () => (await client.get("/Cities")).stale !== undefined);
        const answers = await Promise.all(Array.from({ length: LIMIT + 15 }, () => writes[name]()));
        const atOnce = answers.filter(({ startedAt, endedAt }) => endedAt - startedAt < WRITE_DEADLINE_MS / 2);
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
        expect(atOnce.length).toBe(15);
        expect(atOnce.every(({ headers }) => headers.get("retry-after") === "1")).toBe(true);
      } finally {
        await cluster.restart();
      }
    });
  }

  /** Undefined for a 503 that came when it should. */
  function complaintAbout({ status, headers, startedAt, endedAt }: Answer): string | undefined {
    const late = Math.round(endedAt - startedAt - WRITE_DEADLINE_MS);
    const asIs = `${status}, Retry-After ${headers.get("retry-after")}, ${late} ms after the deadline`;
    return status === 503 && headers.has("retry-after") && late > -20 && late < MAX_LATE_MS ? undefined : asIs;
  }
});
