import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { readConfig } from "../../src/config.ts";
import { createLog } from "../../src/operations/log.ts";
import { parseDatabaseUrl } from "../../src/postgres/connection-string.ts";
import { createService, type Service } from "../../src/service.ts";
import type { Bench, BenchCase, Finding } from "../bench.ts";
import { baseData } from "../databases.ts";

const COUNTS = [1, 3, 10, 30];
/** A replica counts the others when it starts and every 10 s. */
const SETTLE_MS = 12_000;
/** Of /proc/PID/stat; 100 on every Linux that this runs on. */
const TICKS_PER_SECOND = 100;
const WRITE_INTERVAL_MS = 100;
const STOP_MS = 5_000;

export const replicas: BenchCase = {
  name: "replicas",
  about:
    "The primary's CPU for the change queries of 1, 3, 10 and 30 replicas, each of which always has a read that waits, while ten " +
    "values a second are added. The replicas are in one process, without HTTP: as many processes would measure this computer.",
  run: async (bench) => {
    const findings: Finding[] = [];
    for (const count of COUNTS) findings.push(...(await measureReplicas(bench, count)));
    return findings;
  },
};

async function measureReplicas(bench: Bench, count: number): Promise<Finding[]> {
  const database = await bench.databases.create(baseData);
  const services = Array.from({ length: count }, () => replicaOf(database));
  const client = new Client({ connectionString: database });
  let isStopped = false;
  const reading: Promise<void>[] = [];
  const read = async (service: Service): Promise<void> => {
    while (!isStopped) {
      const { status } = await service.app(new Request("http://localhost/Cities/1"), () => "127.0.0.1");
      if (status !== 200) bench.fail(`a read was answered ${status}`);
    }
  };
  const write = async (): Promise<void> => {
    for (; !isStopped; await delay(WRITE_INTERVAL_MS)) {
      await client.query('INSERT INTO forecast ("cityId", "dateTime", temperature) VALUES (1, 1, 1)');
    }
  };
  try {
    await client.connect();
    for (const service of services) await service.start();
    reading.push(...services.map(read));
    await delay(SETTLE_MS);
    const pids = await readingSessions(client);
    reading.push(write());
    const queriesBefore = await changeQueries(services);
    const cpuBefore = cpuSecondsOf(pids);
    const startedMs = performance.now();
    await delay(bench.options.seconds * 1_000);
    const seconds = (performance.now() - startedMs) / 1_000;
    const cpuMs = (1_000 * (cpuSecondsOf(pids) - cpuBefore)) / seconds;
    const queries = ((await changeQueries(services)) - queriesBefore) / seconds;
    bench.log(`${count} replicas: ${queries.toFixed(0)} change queries/s, ${cpuMs.toFixed(0)} ms of CPU a second`);
    const name = count === 1 ? "1 replica" : `${count} replicas`;
    return [
      { what: `${name}, change queries`, unit: "queries/s", values: [queries] },
      { what: `${name}, CPU of the primary for them`, unit: "ms/s", values: [cpuMs] },
      { what: `${name}, the same for each replica`, unit: "ms/s", values: [cpuMs / count] },
      { what: `${name}, CPU of a change query`, unit: "us", values: [(1_000 * cpuMs) / queries] },
    ];
  } finally {
    isStopped = true;
    await Promise.all(reading);
    await Promise.all(services.map((service) => service.stop(performance.now() + STOP_MS)));
    await client.end();
  }
}

function replicaOf(database: string): Service {
  const config = readConfig({ DATABASE_URL: database, SAMPLE_DATA: "never" });
  const options = {
    ...config,
    database: parseDatabaseUrl(database),
    version: "bench",
    pageFolder: "",
    isMigrationOnly: false,
    collectGarbage: () => {},
  };
  return createService(options, createLog("silent"));
}

async function changeQueries(services: readonly Service[]): Promise<number> {
  const counts = await Promise.all(
    services.map(async ({ app }) => {
      const answer = await app(new Request("http://localhost/metrics"), () => "127.0.0.1");
      return Number(/^weather_barrier_seconds_count (\d+)/m.exec(await answer.text())?.[1]);
    }),
  );
  return counts.reduce((sum, each) => sum + each, 0);
}

async function readingSessions(client: Client): Promise<number[]> {
  const sql =
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'goldenring reads' AND datname = current_database()";
  return (await client.query<{ pid: number }>(sql)).rows.map(({ pid }) => pid);
}

/** Source: proc_pid_stat(5), utime and stime. */
function cpuSecondsOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}
