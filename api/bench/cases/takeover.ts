import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { createLog } from "../../src/operations/log.ts";
import { parseDatabaseUrl } from "../../src/postgres/connection-string.ts";
import { prepareDatabase } from "../../src/postgres/prepare.ts";
import type { BenchCase } from "../bench.ts";

const CITIES = 189;
const ROWS = 5_000_000;
/** With `--quick`, or a soak shorter than that of an ordinary run. */
const FEW_ROWS = 200_000;
const ORDINARY_SOAK_SECONDS = 60;

const WRITERS = 4;
const WRITES_PER_SECOND = 200;
const READ_INTERVAL_MS = 20;

/** As the original service made them. */
const TABLES = `
  CREATE TABLE public.cities (id bigserial, name varchar(255));
  CREATE TABLE public.forecast (id bigserial, "cityId" bigint, "dateTime" bigint, temperature integer, summary text);`;

export const takeover: BenchCase = {
  name: "takeover",
  about:
    "Migration of the original's tables with 5,000,000 values while a transaction that has read them stays open for 60 s, " +
    "200 values/s are added by SQL, and another session reads.",
  run: async (bench) => {
    const openSeconds = bench.options.soakSeconds;
    const rows = openSeconds < ORDINARY_SOAK_SECONDS ? FEW_ROWS : ROWS;
    const url = await bench.databases.createEmpty();
    const sessions: Client[] = [];
    const session = async (): Promise<Client> => {
      const client = new Client({ connectionString: url });
      sessions.push(client);
      await client.connect();
      return client;
    };
    try {
      const first = await session();
      await first.query(TABLES);
      await first.query("INSERT INTO cities (name) SELECT 'City ' || n FROM generate_series(1, $1::int) n", [CITIES]);
      await first.query(
        `INSERT INTO forecast ("cityId", "dateTime", temperature, summary)
         SELECT 1 + n % $2::int, n, n % 60 - 30, 'Mild' FROM generate_series(1, $1::int) n`,
        [rows, CITIES],
      );
      bench.log(`${rows} values are there`);
      const traffic = new Traffic();
      const writers = await Promise.all(Array.from({ length: WRITERS }, session));
      const running = [...writers.map((writer) => traffic.write(writer)), traffic.read(await session())];
      const open = await session();
      await open.query("BEGIN; SELECT FROM forecast LIMIT 1; SELECT FROM cities LIMIT 1");
      const openUntil = delay(openSeconds * 1_000).then(() => open.query("COMMIT"));
      const started = performance.now();
      const options = { connectDeadlineMs: 5_000, staggerMs: 200 };
      await prepareDatabase(
        parseDatabaseUrl(url),
        { search: options, sampleData: false, deadlineMs: 60_000, stopped: () => false },
        createLog("silent"),
      );
      const seconds = (performance.now() - started) / 1_000;
      await openUntil;
      traffic.stop();
      await Promise.all(running);
      const stored = await first.query<{ count: string }>("SELECT count(*) FROM forecast");
      if (Number(stored.rows[0]?.count) !== rows + traffic.writeMs.length)
        bench.fail("not every added value is stored");
      bench.log(`${traffic.writeMs.length} writes, ${traffic.readMs.length} reads, ${seconds.toFixed(1)} s`);
      const name = `takeover of ${rows.toLocaleString("en")} values`;
      return [
        {
          what: `${name}, longest write of another session`,
          unit: "ms",
          values: [Math.max(...traffic.writeMs)],
          target: { kind: "at most", value: 2_000, judges: "worst" },
        },
        {
          what: `${name}, longest read of another session`,
          unit: "ms",
          values: [Math.max(...traffic.readMs)],
          target: { kind: "at most", value: 1_500, judges: "worst" },
        },
        { what: `${name} while a transaction is open for ${openSeconds} s`, unit: "s", values: [seconds] },
      ];
    } finally {
      await Promise.all(sessions.map((client) => client.end().catch(() => {})));
    }
  },
};

/** What the original service and its users do meanwhile. */
class Traffic {
  /** From the moment at which a write was due. */
  readonly writeMs: number[] = [];
  readonly readMs: number[] = [];
  #isStopped = false;

  stop(): void {
    this.#isStopped = true;
  }

  async write(client: Client): Promise<void> {
    const intervalMs = (1_000 * WRITERS) / WRITES_PER_SECOND;
    for (let dueMs = performance.now(); !this.#isStopped; dueMs += intervalMs) {
      await delay(Math.max(0, dueMs - performance.now()));
      await client.query('INSERT INTO forecast ("cityId", "dateTime", temperature) VALUES (1, 1, 1)');
      this.writeMs.push(performance.now() - dueMs);
    }
  }

  async read(client: Client): Promise<void> {
    while (!this.#isStopped) {
      for (const sql of ["SELECT count(*) FROM cities", "SELECT temperature FROM forecast LIMIT 1"]) {
        const startedMs = performance.now();
        await client.query(sql);
        this.readMs.push(performance.now() - startedMs);
      }
      await delay(READ_INTERVAL_MS);
    }
  }
}
