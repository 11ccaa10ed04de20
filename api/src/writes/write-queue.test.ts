import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { TcpProxy } from "../../test/faults/tcp-proxy.ts";
import { until } from "../../test/faults/until.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../../test/throwaway-cluster.ts";
import { createLog } from "../operations/log.ts";
import type { DatabaseConfig } from "../postgres/connection.ts";
import { parseDatabaseUrl } from "../postgres/connection-string.ts";
import { prepareDatabase } from "../postgres/prepare.ts";
import { KEY_DIGITS, type WriteKind } from "./statements.ts";
import { WriteQueue, type WriteQueueOptions } from "./write-queue.ts";

const DEADLINE_MS = 30_000;
setDefaultTimeout(DEADLINE_MS);
const SEARCH = { connectDeadlineMs: 1_000, staggerMs: 200 };

interface Stored {
  readonly id: number;
  readonly cityId: number;
  readonly temperature: number;
  readonly summary: string | null;
}

/** The events of a queue, in order. */
interface Seen {
  readonly batches: { readonly kind: WriteKind; readonly writes: number }[];
  readonly settled: Record<"done" | "refused" | "unconfirmed", number>;
  retries: number;
}

let cluster: ThrowawayCluster;
let database: DatabaseConfig;

beforeAll(async () => {
  cluster = await startThrowawayCluster();
  database = parseDatabaseUrl(await cluster.createDatabase());
  await prepare(database);
}, DEADLINE_MS);
afterAll(() => cluster?.remove(), DEADLINE_MS);

const prepare = (config: DatabaseConfig) =>
  prepareDatabase(
    config,
    { search: SEARCH, sampleData: true, deadlineMs: DEADLINE_MS, stopped: () => false },
    createLog("silent"),
  );

let seen: Seen;
const queues: WriteQueue[] = [];
beforeEach(() => {
  seen = { batches: [], settled: { done: 0, refused: 0, unconfirmed: 0 }, retries: 0 };
});
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.close(performance.now());
});

function startQueue(options: Partial<WriteQueueOptions> = {}): WriteQueue {
  const queue = new WriteQueue(
    {
      database,
      search: SEARCH,
      capacity: 10_000,
      capacityBytes: 1e9,
      maxBatch: 500,
      statementDeadlineMs: 3_000,
      ...options,
    },
    {
      batch: (kind, writes) => seen.batches.push({ kind, writes }),
      retry: () => {
        seen.retries += 1;
      },
      settled: (_kind, outcome, writes) => {
        seen.settled[outcome] += writes;
      },
    },
  );
  queues.push(queue);
  return queue;
}

const query = <Row extends Record<string, unknown>>(sql: string) => cluster.execute<Row>(sql, database.database);
const storedWith = (summary: string) =>
  query<Stored & Record<string, unknown>>(
    `SELECT id::float8, "cityId"::float8, temperature, summary FROM forecast WHERE summary = '${summary}' ORDER BY id`,
  );
const snapshot = async (): Promise<string> => {
  const [row] = await query<{ snapshot: string }>("SELECT pg_current_snapshot()::text AS snapshot");
  return row?.snapshot ?? "";
};
const inTime = () => performance.now() + DEADLINE_MS;
const value = (temperature: number, summary: string, cityId = 1, request: string | null = null) => ({
  cityId,
  dateTime: 1_700_000_000n,
  temperature,
  summary,
  request,
});
/** The identity of request `number` with this content. */
const requestNumber = (number: number, content = "0") =>
  number.toString(16).padStart(KEY_DIGITS, "0") + content.padStart(32 - KEY_DIGITS, "0");
const numbersUpTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Why each was not made, or its output. */
async function outcomes(writes: readonly Promise<unknown>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(writes);
  return results.map((result) => (result.status === "fulfilled" ? result.value : result.reason.failure));
}

test("concurrent writes share statements, and each gets its own id", async () => {
  const queue = startQueue();
  const outputs = await Promise.all(
    numbersUpTo(300).map((index) => queue.submit("addForecast", value(index, "shared"), inTime())),
  );
  const ids = outputs.map((output) => (output.found ? output.id : 0));
  const rows = await storedWith("shared");
  expect(new Map(rows.map(({ id, temperature }) => [id, temperature]))).toEqual(
    new Map(ids.map((id, temperature) => [id, temperature])),
  );
  expect(seen.batches).toEqual([{ kind: "addForecast", writes: 300 }]);
  expect(seen.settled).toEqual({ done: 300, refused: 0, unconfirmed: 0 });
  expect(queue.depth).toBe(0);
});

test("no statement takes more writes than allowed", async () => {
  const queue = startQueue({ maxBatch: 40 });
  await Promise.all(numbersUpTo(100).map((index) => queue.submit("addForecast", value(index, "bounded"), inTime())));
  expect(seen.batches.map(({ writes }) => writes)).toEqual([40, 40, 20]);
  expect(await storedWith("bounded")).toHaveLength(100);
});

test("changes of one row never share a statement and take effect in their order", async () => {
  const queue = startQueue();
  const asOf = await snapshot();
  const change = (id: number, temperature: number, since: string) =>
    queue.submit("changeForecast", { ...value(temperature, "in order"), id, asOf: since }, inTime());
  // Each later change of a row knows of the one before it: else it would count as overwritten by that.
  const first = [change(1, 10, asOf), change(2, 20, asOf), change(1, 11, asOf)];
  await Promise.all(first);
  expect(seen.batches.map(({ writes }) => writes)).toEqual([2, 1]);
  const next = change(1, 12, await snapshot());
  await next;
  const rows = await storedWith("in order");
  expect(rows.map(({ id, temperature }) => [id, temperature])).toEqual([
    [1, 12],
    [2, 20],
  ]);
});

test("a change does not overwrite a row that was touched since its snapshot, and still counts as done", async () => {
  const queue = startQueue();
  const asOf = await snapshot();
  await query("UPDATE forecast SET temperature = 41 WHERE id = 3; UPDATE cities SET name = 'Later' WHERE id = 3");
  const changed = await queue.submit("changeForecast", { ...value(40, "earlier"), id: 3, asOf }, inTime());
  const renamed = await queue.submit("renameCity", { id: 3, name: "Earlier", request: null, asOf }, inTime());
  expect([changed.found, renamed.found]).toEqual([true, true]);
  expect(await query("SELECT temperature FROM forecast WHERE id = 3")).toEqual([{ temperature: 41 }]);
  expect(await query("SELECT name FROM cities WHERE id = 3")).toEqual([{ name: "Later" }]);
});

test("what does not exist fails alone", async () => {
  const queue = startQueue();
  const asOf = await snapshot();
  const change = (id: number, cityId: number | null) =>
    queue.submit("changeForecast", { ...value(1, "there"), id, cityId, asOf }, inTime());
  expect(
    await outcomes([
      queue.submit("addForecast", value(1, "there", 4), inTime()),
      queue.submit("addForecast", value(1, "nowhere", 999_999), inTime()),
      queue.submit("renameCity", { id: 4, name: "Uglich", request: null, asOf }, inTime()),
      queue.submit("renameCity", { id: 999_999, name: "Nowhere", request: null, asOf }, inTime()),
      change(11, 5),
      change(12, null),
      change(13, 999_999),
      change(99_999_999, 5),
    ]),
  ).toMatchObject([
    { found: true },
    { found: false },
    { found: true },
    { found: false },
    { found: true, cityId: 5 },
    { found: true, cityId: 1 },
    { found: false, missing: "city" },
    { found: false, missing: "forecast" },
  ]);
  expect(await storedWith("nowhere")).toEqual([]);
  expect(await storedWith("there")).toHaveLength(3);
});

test("a value that breaks a rule of the database's own is refused alone", async () => {
  await query("ALTER TABLE forecast ADD CONSTRAINT thermometer CHECK (temperature < 1000) NOT VALID");
  const queue = startQueue();
  const temperatures = numbersUpTo(20).map((index) => (index % 9 === 4 ? 1_000 + index : index));
  const results = await Promise.allSettled(
    temperatures.map((temperature) => queue.submit("addForecast", value(temperature, "by rule"), inTime())),
  );
  const refused = results.flatMap((result, index) => (result.status === "rejected" ? [{ index, ...result }] : []));
  expect(refused.map(({ index }) => index)).toEqual([4, 13]);
  for (const { reason } of refused)
    expect(reason).toMatchObject({ failure: "refused", message: expect.stringContaining("23514") });
  const rows = await storedWith("by rule");
  expect(rows.map(({ temperature }) => temperature)).toEqual(temperatures.filter((each) => each < 1_000));
  expect(seen.settled).toEqual({ done: 18, refused: 2, unconfirmed: 0 });
  expect(seen.retries).toBe(0);
  expect(queue.depth).toBe(0);
});

test("a row that somebody puts under a reserved id is left as it is, and the value is stored under another", async () => {
  const queue = startQueue();
  const first = await queue.submit("addForecast", value(1, "beside others"), inTime());
  const next = first.found ? first.id + 1 : 0;
  await query(`INSERT INTO forecast (id, "cityId", "dateTime", temperature, summary)
               SELECT n, 1, 1, 1, 'by hand' FROM generate_series(${next}, ${next + 2}) n`);
  await Promise.all(
    numbersUpTo(5).map((index) => queue.submit("addForecast", value(index, "beside others"), inTime())),
  );
  expect(await storedWith("by hand")).toHaveLength(3);
  expect(await storedWith("beside others")).toHaveLength(6);
});

test("a value that may be stored is not taken for another row that has its id by now", async () => {
  const way = await TcpProxy.start(cluster.port);
  try {
    const queue = startQueue({
      database: { ...database, endpoints: [{ host: "127.0.0.1", port: way.port }] },
      statementDeadlineMs: 300,
    });
    const first = await queue.submit("addForecast", value(1, "in doubt"), inTime());
    const next = first.found ? first.id + 1 : 0;
    const held = way.silenceOnce("add forecasts");
    const doubtful = outcomes([queue.submit("addForecast", value(2, "in doubt"), inTime())]);
    await held;
    await query(`INSERT INTO forecast (id, "cityId", "dateTime", temperature) VALUES (${next}, 1, 1, 1)`);
    way.endSilence("reset");
    expect(await doubtful).toEqual(["unconfirmed"]);
    expect(await storedWith("in doubt")).toHaveLength(1);
    // A repeated value that is there as it was sent is done.
    const muted = way.muteOnce("add forecasts");
    const adding = queue.submit("addForecast", value(3, "done before"), inTime());
    await muted;
    expect(await adding).toMatchObject({ found: true });
    expect(await storedWith("done before")).toHaveLength(1);
  } finally {
    await way.close();
  }
});

test("a request that comes again, to this replica or to others at the same moment, is done once and gets the same id", async () => {
  const replicas = numbersUpTo(3).map(() => startQueue({ maxBatch: 7 }));
  const ofAll = await Promise.all(
    replicas.map((replica) =>
      Promise.all(
        [...numbersUpTo(40), ...numbersUpTo(40)].map((number) =>
          replica.submit("addForecast", value(number, "repeated", 1, requestNumber(number)), inTime()),
        ),
      ),
    ),
  );
  const stored = await storedWith("repeated");
  expect(stored.map(({ temperature }) => temperature).toSorted((one, other) => one - other)).toEqual(numbersUpTo(40));
  const idOf = new Map(stored.map(({ id, temperature }) => [temperature, id]));
  for (const answers of ofAll) {
    expect(answers).toEqual(answers.map((_, index) => ({ found: true, id: idOf.get(index % 40) ?? 0 })));
  }
  const [cityQueue] = replicas;
  const city = () => cityQueue?.submit("addCity", { name: "Twice", request: requestNumber(1) }, inTime());
  const [one, other] = [await city(), await city()];
  expect(one).toEqual(other);
  expect(await query("SELECT id FROM cities WHERE name = 'Twice'")).toHaveLength(1);
  expect(seen.settled).toEqual({ done: 3 * 80 + 2, refused: 0, unconfirmed: 0 });
  expect(seen.retries).toBe(0);
});

test("a key that comes with other content is rejected, in the same statement or later, by whichever replica", async () => {
  const [one, other] = [startQueue(), startQueue()];
  const asOf = await snapshot();
  const add = (queue: WriteQueue, temperature: number) =>
    queue.submit("addForecast", value(temperature, "one key", 1, requestNumber(300, String(temperature))), inTime());
  const addCity = (name: string, content: string) =>
    other.submit("addCity", { name, request: requestNumber(301, content) }, inTime());
  const change = (queue: WriteQueue, id: number, content: string) =>
    queue.submit("changeForecast", { ...value(1, "one change", 1, requestNumber(302, content)), id, asOf }, inTime());
  expect(await outcomes([add(one, 1), add(one, 2), add(one, 1)])).toMatchObject([
    { found: true },
    "key reused",
    { found: true },
  ]);
  expect(await outcomes([add(other, 2), add(other, 1)])).toMatchObject(["key reused", { found: true }]);
  expect(await storedWith("one key")).toHaveLength(1);
  expect(await outcomes([addCity("One", "1"), addCity("Other", "2")])).toMatchObject([{}, "key reused"]);
  expect(await query("SELECT name FROM cities WHERE name IN ('One', 'Other')")).toEqual([{ name: "One" }]);
  expect(await outcomes([change(one, 20, "a"), change(one, 21, "b")])).toMatchObject([{ found: true }, "key reused"]);
  expect(await outcomes([change(other, 22, "c"), change(other, 20, "a")])).toMatchObject([
    "key reused",
    { found: true },
  ]);
  expect((await storedWith("one change")).map(({ id }) => id)).toEqual([20]);
  // A write that was not made does not use up its key.
  const nowhere = (cityId: number) =>
    one.submit("addForecast", value(1, "x", cityId, requestNumber(303, String(cityId))), inTime());
  expect(await outcomes([nowhere(999_999), nowhere(1)])).toMatchObject([{ found: false }, { found: true }]);
});

/** Changes the temperature of a value, or renames a city, on a condition. */
const conditionally = (
  queue: WriteQueue,
  change: { id: number; temperature: number; asOf: string; request: string; condition?: boolean },
) => {
  const { temperature, ...rest } = { condition: true, ...change };
  return queue.submit("changeForecast", { ...value(temperature, "conditional"), ...rest }, inTime());
};
const temperatureOf = async (id: number) =>
  (await query<{ temperature: number }>(`SELECT temperature FROM forecast WHERE id = ${id}`))[0]?.temperature;

test("a change on a condition is made if the row is as expected and was not touched since", async () => {
  const queue = startQueue();
  const asOf = await snapshot();
  const first = conditionally(queue, { id: 30, temperature: 10, asOf, request: requestNumber(310) });
  expect(await first).toEqual({ found: true, cityId: 1 });
  const unlike = { id: 30, temperature: 12, asOf: await snapshot(), request: requestNumber(312), condition: false };
  const gone = { id: 9_999_999, temperature: 13, asOf, request: requestNumber(313), condition: false };
  const touched = () => conditionally(queue, { id: 30, temperature: 11, asOf, request: requestNumber(311) });
  expect(await outcomes([touched(), conditionally(queue, unlike), conditionally(queue, gone)])).toEqual([
    "not as expected",
    "not as expected",
    { found: false, missing: "forecast" },
  ]);
  expect(await temperatureOf(30)).toBe(10);
  const rename = (name: string, request: string, condition: boolean) =>
    queue.submit("renameCity", { id: 6, name, request, asOf, condition }, inTime());
  expect(await rename("Expected", requestNumber(314), true)).toEqual({ found: true });
  expect(await outcomes([rename("Again", requestNumber(315), true)])).toEqual(["not as expected"]);
  expect(seen.settled).toEqual({ done: 3, refused: 3, unconfirmed: 0 });
  // The rejected requests left no identity behind, so they are rejected again.
  expect(
    await query(`SELECT FROM weather_changes WHERE request IN ('${requestNumber(311)}', '${requestNumber(315)}')`),
  ).toEqual([]);
});

test("of changes of one row on the same condition, at the same moment and on several replicas, one is made", async () => {
  const replicas = numbersUpTo(3).map(() => startQueue());
  const asOf = await snapshot();
  const answers = await outcomes(
    numbersUpTo(30).map((index) => {
      const queue = replicas[index % 3] ?? startQueue();
      return conditionally(queue, { id: 31, temperature: index, asOf, request: requestNumber(320 + index) });
    }),
  );
  const made = answers.flatMap((answer, index) => (answer === "not as expected" ? [] : [index]));
  expect(made).toHaveLength(1);
  expect(await temperatureOf(31)).toBe(made[0] ?? -1);
});

test("a change on a condition that comes again was made, also where its first attempt is still under way", async () => {
  const queue = startQueue();
  const request = requestNumber(360);
  const change = { id: 32, temperature: 10, asOf: await snapshot(), request };
  const elsewhere = query(`BEGIN; UPDATE forecast SET temperature = 10 WHERE id = 32;
                           INSERT INTO weather_changes (request) VALUES ('${request}'); SELECT pg_sleep(0.5); COMMIT`);
  await delay(200);
  expect(await conditionally(queue, change)).toEqual({ found: true, cityId: 1 });
  await elsewhere;
  await query("UPDATE forecast SET temperature = 20 WHERE id = 32");
  expect(await conditionally(queue, { ...change, asOf: await snapshot(), condition: false })).toMatchObject({
    found: true,
  });
  expect(await temperatureOf(32)).toBe(20);
});

test("changes with and without a condition do not share a statement", async () => {
  const queue = startQueue();
  const asOf = await snapshot();
  await Promise.all(
    numbersUpTo(6).map((index) => {
      const change = { ...value(index, "mixed", 1, requestNumber(370 + index)), id: 40 + index, asOf };
      return queue.submit("changeForecast", index % 2 === 0 ? { ...change, condition: true } : change, inTime());
    }),
  );
  expect(seen.batches.map(({ writes }) => writes)).toEqual([3, 3]);
  expect(await storedWith("mixed")).toHaveLength(6);
});

test("a request that another replica is just storing waits for it and gets its id", async () => {
  const queue = startQueue();
  const request = requestNumber(98);
  const elsewhere = query(`INSERT INTO forecast ("cityId", "dateTime", temperature, summary, request)
                           VALUES (1, 1, 1, 'elsewhere', '${request}'); SELECT pg_sleep(0.5)`);
  await delay(200);
  const answer = await queue.submit("addForecast", value(1, "elsewhere", 1, request), inTime());
  await elsewhere;
  const stored = await storedWith("elsewhere");
  expect(stored).toHaveLength(1);
  expect(answer).toEqual({ found: true, id: stored[0]?.id ?? 0 });
});

test("a change that was made before, by whichever replica, is not made again over a later one", async () => {
  const [one, other] = [startQueue(), startQueue()];
  const change = async (queue: WriteQueue, temperature: number, number: number | null) => {
    const request = number === null ? null : requestNumber(number);
    const input = { ...value(temperature, "changed", 1, request), id: 7, asOf: await snapshot() };
    return queue.submit("changeForecast", input, inTime());
  };
  const rename = async (queue: WriteQueue, name: string, number: number) => {
    const input = { id: 7, name, request: requestNumber(number), asOf: await snapshot() };
    return queue.submit("renameCity", input, inTime());
  };
  const answers = [
    await change(one, 10, 201),
    await change(one, 20, 202),
    await change(other, 10, 201),
    await change(other, 20, 202),
  ];
  expect(answers).toEqual(answers.map(() => ({ found: true, cityId: 1 })));
  expect(await query("SELECT temperature FROM forecast WHERE id = 7")).toEqual([{ temperature: 20 }]);
  await change(other, 30, null);
  await change(one, 10, 201);
  expect(await query("SELECT temperature FROM forecast WHERE id = 7")).toEqual([{ temperature: 30 }]);
  await rename(one, "First", 203);
  await rename(one, "Second", 204);
  expect(await rename(other, "First", 203)).toEqual({ found: true });
  expect(await query("SELECT name FROM cities WHERE id = 7")).toEqual([{ name: "Second" }]);
});

test("a change that another replica is just making is waited for, and not made again", async () => {
  const queue = startQueue();
  const request = requestNumber(205);
  const asOf = await snapshot();
  const elsewhere = query(`BEGIN; INSERT INTO weather_changes (request) VALUES ('${request}');
                           UPDATE forecast SET temperature = 41 WHERE id = 8; SELECT pg_sleep(0.5); COMMIT`);
  await delay(200);
  const answer = await queue.submit("changeForecast", { ...value(40, "x", 1, request), id: 8, asOf }, inTime());
  await elsewhere;
  expect(answer.found).toBe(true);
  expect(await query("SELECT temperature FROM forecast WHERE id = 8")).toEqual([{ temperature: 41 }]);
});

test("a change that found nothing to change is no change that was made, and those of an hour ago are forgotten", async () => {
  const queue = startQueue();
  await query(
    "INSERT INTO weather_changes SELECT gen_random_uuid(), now() - interval '2 hours' FROM generate_series(1, 150)",
  );
  const rename = async (id: number, number: number) =>
    queue.submit("renameCity", { id, name: "New", request: requestNumber(number), asOf: await snapshot() }, inTime());
  expect(await rename(999_998, 206)).toEqual({ found: false });
  await rename(9, 207);
  const kept = await query(`SELECT request FROM weather_changes WHERE at < now() - interval '1 hour'
                            OR request = '${requestNumber(206)}'`);
  expect(kept).toEqual([]);
});

test("a request that a lost replica has sent is not done again by another one, whatever came of it", async () => {
  const way = await TcpProxy.start(cluster.port);
  const lost = startQueue({ database: { ...database, endpoints: [{ host: "127.0.0.1", port: way.port }] } });
  const other = startQueue();
  try {
    await lost.submit("addForecast", value(1, "before"), inTime());
    const muted = way.muteOnce("add forecasts");
    const unanswered = outcomes([
      lost.submit("addForecast", value(2, "of the lost", 1, requestNumber(99)), performance.now() + 500),
    ]);
    await muted;
    const again = await other.submit("addForecast", value(2, "of the lost", 1, requestNumber(99)), inTime());
    const stored = await storedWith("of the lost");
    expect(stored.map(({ id }) => id)).toEqual(again.found ? [again.id] : []);
    await unanswered;
  } finally {
    await way.close();
  }
});

test("ids that were reserved before a restart of the server are not used", async () => {
  const queue = startQueue();
  const before = await queue.submit("addForecast", value(1, "before the start"), inTime());
  await cluster.restart();
  const after = await queue.submit("addForecast", value(1, "after the start"), inTime());
  expect(before.found && after.found && after.id - before.id).toBeGreaterThan(1);
});

test("a write that may be done is not repeated in another database cluster", async () => {
  const [first, second] = [await startThrowawayCluster(), await startThrowawayCluster({ isUnique: true })];
  const ways = [await TcpProxy.start(first.port), await TcpProxy.start(second.port)] as const;
  try {
    const there = parseDatabaseUrl(await first.createDatabase());
    await second.execute(`CREATE ROLE "${there.user}" LOGIN PASSWORD '${there.password}'`);
    await second.execute(`CREATE DATABASE "${there.database}" OWNER "${there.user}"`);
    const both = { ...there, endpoints: ways.map(({ port }) => ({ host: "127.0.0.1", port })) };
    for (const endpoint of both.endpoints) await prepare({ ...both, endpoints: [endpoint] });
    const queue = startQueue({ database: both, statementDeadlineMs: 500 });
    await queue.submit("addForecast", value(1, "first"), inTime());
    const asOf = await snapshot();
    const muted = ways[0].muteOnce("add forecasts");
    const doubtful = outcomes([
      queue.submit("addForecast", value(2, "in doubt"), inTime()),
      queue.submit("changeForecast", { ...value(3, "in doubt"), id: 1, asOf }, inTime()),
    ]);
    await muted;
    await first.kill();
    expect(await doubtful).toEqual(["unconfirmed", "unconfirmed"]);
    const { found } = await queue.submit("addForecast", value(4, "later"), inTime());
    expect(found).toBe(true);
    const rows = await second.execute("SELECT summary FROM forecast WHERE id > 720", there.database);
    expect(rows).toEqual([{ summary: "later" }]);
  } finally {
    await Promise.all(ways.map((way) => way.close()));
    await Promise.all([first.remove(), second.remove()]);
  }
});

test("while the database is unavailable only as many writes as the capacity wait; more are refused at once", async () => {
  const queue = startQueue({ capacity: 10 });
  await queue.submit("addForecast", value(1, "before"), inTime());
  await cluster.kill();
  const writes = numbersUpTo(15).map((index) => queue.submit("addForecast", value(index, "kept"), inTime()));
  expect(queue.depth).toBe(10);
  const turnedAway = await outcomes(writes.slice(10));
  expect(turnedAway).toEqual(turnedAway.map(() => "queue full"));
  await cluster.restart();
  await Promise.all(writes.slice(0, 10));
  expect(await storedWith("kept")).toHaveLength(10);
  expect(seen.retries).toBeGreaterThan(0);
  expect(queue.depth).toBe(0);
});

test("a write is answered at its deadline, even while its statement runs", async () => {
  const queue = startQueue({ statementDeadlineMs: 20_000 });
  await queue.submit("addForecast", value(1, "before"), inTime());
  await cluster.suspend();
  try {
    const started = performance.now();
    const answered: number[] = [];
    const writes = [500, 100, 300].map(async (deadlineMs) => {
      const write = queue.submit("addForecast", value(deadlineMs, "too late"), started + deadlineMs);
      expect(await outcomes([write])).toEqual(["unconfirmed"]);
      expect(performance.now()).toBeGreaterThanOrEqual(started + deadlineMs - 2);
      answered.push(deadlineMs);
    });
    await Promise.all(writes);
    expect(answered).toEqual([100, 300, 500]);
    // The statement has not reached its own deadline.
    expect(seen.retries).toBe(0);
    expect(queue.depth).toBe(0);
    expect(seen.settled.unconfirmed).toBe(3);
  } finally {
    cluster.resume();
  }
  const { found } = await queue.submit("addForecast", value(1, "after"), inTime());
  expect(found).toBe(true);
});

test("closing settles what was accepted, takes nothing more, and ends the session", async () => {
  const queue = startQueue();
  const writes = numbersUpTo(50).map((index) => queue.submit("addForecast", value(index, "accepted"), inTime()));
  const closing = queue.close(inTime());
  expect(await outcomes([queue.submit("addForecast", value(0, "accepted"), inTime())])).toEqual(["queue full"]);
  await closing;
  await Promise.all(writes);
  expect(await storedWith("accepted")).toHaveLength(50);
  await delay(50);
  expect(await query("SELECT FROM pg_stat_activity WHERE application_name = 'goldenring writes'")).toEqual([]);
});

test("closing gives up at its deadline, answers every write, and leaves no work behind", async () => {
  const queue = startQueue({ statementDeadlineMs: 60_000 });
  await queue.submit("addForecast", value(1, "before"), inTime());
  await cluster.suspend();
  try {
    const writes = numbersUpTo(5).map((index) => queue.submit("addForecast", value(index, "given up"), inTime()));
    await delay(50);
    // Ends while the database is suspended, long before the deadline of the statement.
    await queue.close(performance.now() + 200);
    const reasons = await outcomes(writes);
    expect(reasons).toEqual(reasons.map(() => "unconfirmed"));
    expect(queue.depth).toBe(0);
  } finally {
    cluster.resume();
  }
  const { retries } = seen;
  await delay(500);
  expect(seen.retries).toBeLessThanOrEqual(retries + 1);
  expect(await query("SELECT FROM pg_stat_activity WHERE application_name = 'goldenring writes'")).toEqual([]);
});

test("changes of the same rows through two queues do not deadlock", async () => {
  const other = startQueue();
  const queue = startQueue();
  const ids = numbersUpTo(50).map((index) => 101 + index);
  const changeAll = async (through: WriteQueue, order: readonly number[]): Promise<void> => {
    for (let round = 0; round < 10; round += 1) {
      const asOf = await snapshot();
      const changes = order.map((id) =>
        through.submit("changeForecast", { ...value(round, "by both"), id, asOf }, inTime()),
      );
      await Promise.all(changes);
    }
  };
  await Promise.all([changeAll(queue, ids), changeAll(other, ids.toReversed())]);
  // PostgreSQL would end a deadlock with an error, which is retried.
  expect(seen.retries).toBe(0);
});

test("changes take their rows in the order of ids, whatever the planner thinks best: nobody waits in a circle", async () => {
  const queue = startQueue();
  const ids = numbersUpTo(20).map((index) => 101 + index);
  // So few rows in a table of known size: to read it all would cost less than to look each up, and there they lie in reverse.
  for (const id of ids.toReversed()) await query(`UPDATE forecast SET temperature = 1 WHERE id = ${id}`);
  await query("ANALYZE forecast");
  const asOf = await snapshot();
  const blocked = query("BEGIN; SELECT FROM forecast WHERE id = 110 FOR UPDATE; SELECT pg_sleep(1.5); COMMIT");
  await until(async () => (await query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length === 1);
  const changes = ids
    .toReversed()
    .map((id) => queue.submit("changeForecast", { ...value(2, "in order"), id, asOf }, inTime()));
  await until(async () => (await query("SELECT FROM pg_locks WHERE NOT granted")).length > 0);
  const free = await query<{ id: number }>(
    "SELECT id::float8 FROM forecast WHERE id BETWEEN 101 AND 120 FOR UPDATE SKIP LOCKED",
  );
  expect(free.map(({ id }) => id).sort((a, b) => a - b)).toEqual(ids.filter((id) => id > 110));
  await blocked;
  await Promise.all(changes);
  expect(seen.retries).toBe(0);
});

test("a canary is sent only when no write was answered for a while, and an unanswered one shows as a wait", async () => {
  const proxy = await TcpProxy.start(cluster.port);
  try {
    const queue = startQueue({ database: { ...database, endpoints: [{ host: "127.0.0.1", port: proxy.port }] } });
    expect(queue.state()).toEqual({ waitingMs: 0, answeredMs: null, slowMs: 0, waitsFor: null });
    queue.canary(60_000, DEADLINE_MS);
    await until(async () => queue.state().answeredMs !== null);
    queue.canary(60_000, DEADLINE_MS);
    expect(queue.depth).toBe(0);
    expect(seen.batches).toEqual([{ kind: "canary", writes: 1 }]);
    proxy.silence();
    queue.canary(0, DEADLINE_MS);
    await until(async () => queue.state().waitingMs > 100);
    const { answeredMs, slowMs, waitsFor } = queue.state();
    expect({ isOlder: (answeredMs ?? 0) >= 100, isSlow: slowMs >= 100, waitsFor }).toEqual({
      ...{ isOlder: true, isSlow: true, waitsFor: "an answer" },
    });
    proxy.endSilence("deliver");
    await until(async () => queue.depth === 0);
    expect(queue.state().waitingMs).toBe(0);
  } finally {
    await proxy.close();
  }
});
