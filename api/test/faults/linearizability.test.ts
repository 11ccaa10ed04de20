import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { isDeepStrictEqual } from "node:util";
import { startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../throwaway-cluster.ts";
import { type Answer, ApiClient, bodyOf, type Value } from "./api-client.ts";
import { Load } from "./load.ts";
import { readTables } from "./tables.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);
const TRIALS = 500;
/** Concurrent trials, each with its own rows. */
const LANES = 4;
/** Between B and the database: long enough for a write to be acknowledged while a change query runs. */
const WAY_MS = 2;
/** No read is to be answered as stale here, whatever else the machine does. */
const LONG_TIMEOUT = { READ_PATIENCE_MS: "20000" };

/** What one trial writes on one replica, and how the others show it, by id and in lists. */
type Trial = (writer: ApiClient, lane: number, number: number) => Promise<Sight[]>;

interface Sight {
  readonly path: string;
  readonly shows: (answer: Answer) => boolean;
}

describe("two replicas of one database under load", () => {
  let cluster: ThrowawayCluster;
  let databaseName: string;
  let proxy: TcpProxy;
  let load: Load;
  let a: ApiClient;
  let b: ApiClient;
  /** As B, but it does not wait for a confirmation. */
  let careless: ApiClient;
  const stops: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    cluster = await startThrowawayCluster();
    const databaseUrl = await cluster.createDatabase();
    databaseName = new URL(databaseUrl).pathname.slice(1);
    proxy = await TcpProxy.start(cluster.port);
    proxy.delay(WAY_MS);
    const start = async (url: string, env: Record<string, string>) => {
      const replica = await startReplica({ databaseUrl: url, env: { ...LONG_TIMEOUT, ...env } });
      stops.push(replica.stop);
      return new ApiClient(replica.url);
    };
    a = await start(databaseUrl, {});
    b = await start(proxy.urlThrough(databaseUrl), {});
    careless = await start(proxy.urlThrough(databaseUrl), { READ_BARRIER: "off" });
    const values = bodyOf.weather(await a.get("/WeatherForecast"));
    load = new Load({
      replicas: [a, b],
      cityIds: [7, 8],
      registers: values.filter(({ cityId }) => cityId === 9).slice(0, 2),
      namedCity: 9,
      adders: 2,
      changers: 2,
      readers: 4,
      readBoundMs: TEST_DEADLINE_MS,
    });
    load.start();
  }, TEST_DEADLINE_MS);

  afterAll(async () => {
    await load?.stop();
    await Promise.all(stops.map((stop) => stop()));
    await proxy?.close();
    await cluster?.remove();
  }, TEST_DEADLINE_MS);

  test(`what one acknowledged, the other shows: ${TRIALS} of ${TRIALS} times, by id and in the lists`, async () => {
    const { missed, stale } = await runTrials(a, b, TRIALS);
    expect({ missed, stale }).toEqual({ missed: [], stale: 0 });
  });

  test("without the barrier the same trials find reads that miss an acknowledged write", async () => {
    const { missed } = await runTrials(a, careless, 40);
    expect(missed.length).toBeGreaterThan(0);
  });

  test("a reader that alternates between the two never sees a value go back", async () => {
    expect(await countStepsBack([a, b], 300)).toBe(0);
  });

  test("without the barrier the same reader sees a value go back", async () => {
    expect(await countStepsBack([a, careless], 100)).toBeGreaterThan(0);
  });

  test("all that the load wrote and read meanwhile could have happened one after the other", async () => {
    await load.stop();
    expect(load.violations(await readTables(cluster, databaseName))).toEqual([]);
    expect(load.unconfirmed).toEqual([]);
    expect(load.staleReads).toBe(0);
    expect(Math.min(load.reads, load.changes, load.added.acknowledged)).toBeGreaterThan(100);
  });
});

async function runTrials(writer: ApiClient, reader: ApiClient, trials: number) {
  const missed: string[] = [];
  let stale = 0;
  let started = 0;
  const lane = async (laneNumber: number): Promise<void> => {
    while (started < trials) {
      started += 1;
      const number = started;
      const trial = TRIAL_KINDS[number % TRIAL_KINDS.length];
      if (!trial) return;
      const sights = await trial(writer, laneNumber, number);
      const answers = await Promise.all(sights.map(({ path }) => reader.get(path)));
      for (const [index, { path, shows }] of sights.entries()) {
        const answer = answers[index];
        if (answer?.stale) stale += 1;
        if (!answer || !shows(answer)) missed.push(`trial ${number}: ${path}`);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
  return { missed, stale };
}

const addsValue: Trial = async (writer, lane, number) => {
  const added = bodyOf.value(await writer.addValue(cityOf(lane), someValue(number)));
  return sightsOfValue(added, number);
};

const changesValue: Trial = async (writer, lane, number) => {
  const changed = bodyOf.value(await writer.changeValue(rowOf(lane), someValue(number)));
  return sightsOfValue(changed, number);
};

/** To and fro: a value that moved must be gone where it was. */
const movesValue: Trial = async (writer, lane, number) => {
  const cityId = 5 + (number % 2);
  const moved = bodyOf.value(await writer.changeValue(rowOf(lane) + 1, { ...someValue(number), cityId }));
  return sightsOfValue(moved, number);
};

const renamesCity: Trial = async (writer, lane, number) => {
  const id = cityOf(lane);
  const name = `Мышкин ${number}`;
  bodyOf.city(await writer.renameCity(id, name));
  return [
    { path: `/Cities/${id}`, shows: (answer) => bodyOf.city(answer).name === name },
    { path: "/Cities", shows: (answer) => bodyOf.cities(answer).some((city) => city.id === id && city.name === name) },
    { path: `/Forecast?cityId=${id}`, shows: (answer) => answer.status === 200 && answer.text.includes(`"${name}"`) },
  ];
};

const TRIAL_KINDS: readonly Trial[] = [addsValue, changesValue, renamesCity, movesValue];

/** By id, in one of the complete lists, and in the one of its city. */
function sightsOfValue(expected: Value, number: number): Sight[] {
  const only = (rows: readonly Value[]): boolean => {
    const found = rows.filter(({ id }) => id === expected.id);
    return found.length === 1 && isDeepStrictEqual(found[0], expected);
  };
  return [
    { path: `/Forecast/${expected.id}`, shows: (answer) => answer.status === 200 && only([bodyOf.value(answer)]) },
    number % 8 < 4
      ? { path: "/WeatherForecast", shows: (answer) => only(bodyOf.weather(answer)) }
      : { path: "/Forecast", shows: (answer) => only(bodyOf.forecast(answer)) },
    { path: `/WeatherForecast?cityId=${expected.cityId}`, shows: (answer) => only(bodyOf.weather(answer)) },
  ];
}

/** Writes a growing number to one value through one replica, and reads it through both in turns. */
async function countStepsBack(replicas: readonly [ApiClient, ApiClient], reads: number): Promise<number> {
  const [writer] = replicas;
  const id = rowOf(LANES);
  let { temperature: written } = bodyOf.value(await writer.get(`/Forecast/${id}`));
  let last = written;
  let done = false;
  const write = async (): Promise<void> => {
    while (!done) {
      written += 1;
      bodyOf.value(await writer.changeValue(id, { ...someValue(0), temperature: written }));
    }
  };
  const writing = write();
  let stepsBack = 0;
  for (let read = 0; read < reads; read += 1) {
    const reader = replicas[read % 2] ?? writer;
    const { temperature } = bodyOf.value(await reader.get(`/Forecast/${id}`));
    if (temperature < last) stepsBack += 1;
    last = temperature;
  }
  done = true;
  await writing;
  return stepsBack;
}

function someValue(number: number) {
  return { dateTime: 1_750_000_000 + number, temperature: number, summary: `trial ${number}` };
}

function cityOf(lane: number): number {
  return 1 + lane;
}

/** Two values of the sample data for each lane, and one more. */
function rowOf(lane: number): number {
  return 1 + 2 * lane;
}
