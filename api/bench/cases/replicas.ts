import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { Bench, BenchCase, Finding } from "../bench.ts";
import { baseData } from "../databases.ts";
import { apiProgram, withPrograms } from "../measured-programs.ts";
import type { RunningProgram } from "../program.ts";

const COUNTS = [1, 3, 10, 30];
/** A read that comes alone needs a change query of its own: this is the dearest load for the primary. */
const READS_PER_SECOND_AND_REPLICA = 100;
/** A replica counts the others when it starts and every 10 s. */
const SETTLE_MS = 12_000;
/** Of /proc/PID/stat; 100 on every Linux that this runs on. */
const TICKS_PER_SECOND = 100;
const WRITE_INTERVAL_MS = 100;

export const replicas: BenchCase = {
  name: "replicas",
  about:
    "1, 3, 10 and 30 replicas of one database, each with 100 single GET /Cities/1 a second, while ten values a second are added: " +
    "the primary's CPU for their change queries.",
  run: async (bench) => {
    const findings: Finding[] = [];
    for (const count of COUNTS) findings.push(...(await measureReplicas(bench, count)));
    return findings;
  },
};

async function measureReplicas(bench: Bench, count: number): Promise<Finding[]> {
  const database = await bench.databases.create(baseData);
  const programs = Array.from({ length: count }, () => apiProgram(bench.options, database));
  return withPrograms(bench, programs, async (running) => {
    const client = new Client({ connectionString: database });
    await client.connect();
    const traffic = new Traffic(running);
    const writes = setInterval(() => {
      client.query('INSERT INTO forecast ("cityId", "dateTime", temperature) VALUES (1, 1, 1)').catch(() => {});
    }, WRITE_INTERVAL_MS);
    try {
      const reading = traffic.run();
      await delay(SETTLE_MS);
      const queriesBefore = await changeQueries(running);
      const pids = await readingSessions(client);
      const cpuBefore = cpuSecondsOf(pids);
      const readsBefore = traffic.reads;
      const startedMs = performance.now();
      await delay(bench.options.seconds * 1_000);
      const seconds = (performance.now() - startedMs) / 1_000;
      const cpuMs = (1_000 * (cpuSecondsOf(pids) - cpuBefore)) / seconds;
      const reads = (traffic.reads - readsBefore) / seconds;
      const queries = ((await changeQueries(running)) - queriesBefore) / seconds;
      traffic.stop();
      await reading;
      for (const failure of new Set(traffic.failures)) bench.fail(failure);
      bench.log(`${count} replicas: ${queries.toFixed(0)} queries/s, ${cpuMs.toFixed(0)} ms of CPU a second`);
      const name = count === 1 ? "1 replica" : `${count} replicas`;
      return [
        { what: `${name}, reads`, unit: "requests/s", values: [reads] },
        { what: `${name}, change queries`, unit: "queries/s", values: [queries] },
        { what: `${name}, CPU of the primary for change queries`, unit: "ms/s", values: [cpuMs] },
        { what: `${name}, the same for each replica`, unit: "ms/s", values: [cpuMs / count] },
        { what: `${name}, CPU of a change query`, unit: "us", values: [(1_000 * cpuMs) / queries] },
      ];
    } finally {
      clearInterval(writes);
      traffic.stop();
      await client.end();
    }
  });
}

class Traffic {
  reads = 0;
  readonly failures: string[] = [];
  #isStopped = false;

  constructor(readonly programs: readonly RunningProgram[]) {}

  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    await Promise.all(this.programs.map((program, index) => this.#read(program, index / this.programs.length)));
  }

  async #read({ port }: RunningProgram, phase: number): Promise<void> {
    const intervalMs = 1_000 / READS_PER_SECOND_AND_REPLICA;
    for (let dueMs = performance.now() + phase * intervalMs; !this.#isStopped; dueMs += intervalMs) {
      await delay(Math.max(0, dueMs - performance.now()));
      const { status } = await fetch(`http://127.0.0.1:${port}/Cities/1`).then(async (answer) => {
        await answer.arrayBuffer();
        return answer;
      });
      if (status !== 200) this.failures.push(`status ${status}`);
      this.reads += 1;
    }
  }
}

async function changeQueries(programs: readonly RunningProgram[]): Promise<number> {
  const counts = await Promise.all(
    programs.map(async ({ port }) => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(/^weather_barrier_seconds_count (\d+)/m.exec(text)?.[1]);
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
