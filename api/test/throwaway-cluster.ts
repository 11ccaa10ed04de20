import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { type Cluster, freePort, startCluster } from "../src/embedded/cluster.ts";
import { attempt, clusterProcesses, runToEnd, waitUntil } from "../src/embedded/processes.ts";
import { throwawayFolder } from "./throwaway/folder.ts";
import { copyInitialized } from "./throwaway/initialized-folder.ts";
import { prepareStandby, requireConfirmationBy, waitUntilStreaming, withClient } from "./throwaway/standby.ts";

/** Fast and small; what is confirmed survives any death of the processes, but not of the machine. */
const SETTINGS = {
  fsync: "off",
  shared_buffers: "16MB",
  max_connections: "50",
  io_method: "sync",
  max_parallel_workers_per_gather: "0",
  wal_level: "replica",
  // Files in the data directory, which disappear with it even after a SIGKILL.
  dynamic_shared_memory_type: "mmap",
  wal_retrieve_retry_interval: "200ms",
};

export interface ThrowawayOptions {
  /** Server settings beside or instead of the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
  /** With a system identifier of its own, for which initdb runs. */
  readonly isUnique?: boolean;
}

/** A real PostgreSQL for one test. Nothing of it outlives the test process, however that ends. */
export interface ThrowawayCluster {
  /** Keeps its value over `restart`. */
  readonly port: number;
  /** Process id of the postmaster that was started last. */
  readonly pid: number;
  /** The server's messages. */
  readonly logFile: string;
  /** Creates a database with its own owner, who is not a superuser; its URL logs in as that owner. */
  createDatabase(name?: string): Promise<string>;
  /** Default: the database `postgres`. */
  superuserUrl(database?: string): string;
  /** Runs one statement as superuser. */
  execute<Row extends pg.QueryResultRow>(sql: string, database?: string): Promise<Row[]>;
  /** The URL of the same database and login on this cluster: for a database that came here by replication. */
  urlHere(url: string): string;
  /** SIGKILL for all its processes at once; resolves when they are gone. */
  kill(): Promise<void>;
  /** SIGSTOP for all its processes: connections stay open and nothing answers. */
  suspend(): Promise<void>;
  /** SIGCONT for all its processes. */
  resume(): void;
  /** Starts it, after stopping it if it runs, on the same port. */
  restart(): Promise<void>;
  /** Shuts it down cleanly. Its data stays for `restart`. */
  stop(): Promise<void>;
  /** Kills it and deletes its data at once instead of at the end of the test process. */
  remove(): Promise<void>;
  /**
   * Resolves when the standby streams; a synchronous one is then the only one whose confirmation a commit waits for.
   *
   * @param name letters, digits and underscores; its `application_name`
   */
  createStandby(options: { readonly name: string; readonly synchronous: boolean }): Promise<ThrowawayStandby>;
}

export interface ThrowawayStandby extends ThrowawayCluster {
  /** Makes it a primary, whether the old one lives or not; resolves when it takes writes. */
  promote(): Promise<void>;
}

export async function startThrowawayCluster(options: ThrowawayOptions = {}): Promise<ThrowawayCluster> {
  const folder = throwawayFolder("cluster");
  const place = { port: options.port ?? (await freePort()), settings: { ...SETTINGS, ...options.settings } };
  if (!options.isUnique) await copyInitialized(folder, (initialized) => startIn({ ...place, folder: initialized }));
  return openCluster({ ...place, folder });
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
}

function startIn(place: Place): Promise<Cluster> {
  const initdbOptions = ["--no-sync", "--wal-segsize=4"];
  return startCluster({ ...place, log: () => {}, initdbOptions, signalOnParentDeath: "KILL" });
}

async function openCluster(place: Place): Promise<ThrowawayCluster> {
  const { folder, port, settings } = place;
  let cluster = await startIn(place);
  const { dataDirectory } = cluster;
  const processes = (): number[] => clusterProcesses(dataDirectory);

  /** To the postmaster first: it must not answer what happens to a child by starting others. */
  const signalAll = (signal: NodeJS.Signals): number[] => {
    const pids = processes().sort((one, other) => Number(other === cluster.pid) - Number(one === cluster.pid));
    for (const pid of pids) attempt(() => process.kill(pid, signal));
    return pids;
  };

  const self: ThrowawayCluster = {
    port,
    get pid() {
      return cluster.pid;
    },
    logFile: join(folder, "postgres.log"),

    async createDatabase(name = `test_${randomBytes(6).toString("hex")}`) {
      const password = randomBytes(12).toString("hex");
      await self.execute(`CREATE ROLE "${name}" LOGIN PASSWORD '${password}'`);
      await self.execute(`CREATE DATABASE "${name}" OWNER "${name}"`);
      return `postgres://${name}:${password}@127.0.0.1:${port}/${name}`;
    },

    superuserUrl: (database = "postgres") => cluster.superuserUrl(database),

    execute: <Row extends pg.QueryResultRow>(sql: string, database = "postgres") =>
      withClient(cluster.superuserUrl(database), async (client) => (await client.query<Row>(sql)).rows),

    urlHere(url) {
      const here = new URL(url);
      here.port = String(port);
      return here.href;
    },

    async kill() {
      const gone = await waitUntil(() => signalAll("SIGKILL").length === 0, 10_000);
      if (!gone) throw new Error(`processes survived SIGKILL: ${processes().join(", ")}`);
      await cluster.ended;
    },

    async suspend() {
      signalAll("SIGSTOP");
      // The postmaster may have started one more before its signal arrived.
      await delay(20);
      signalAll("SIGSTOP");
    },

    resume() {
      signalAll("SIGCONT");
    },

    async restart() {
      await self.stop();
      cluster = await startIn(place);
    },

    async stop() {
      self.resume();
      await cluster.stop();
    },

    async remove() {
      await self.kill();
      await removeSharedMemory(dataDirectory);
      rmSync(folder, { recursive: true, force: true });
    },

    async createStandby({ name, synchronous }) {
      const standbyPlace = { folder: throwawayFolder(name), port: await freePort(), settings };
      const primaryUrl = self.superuserUrl();
      await prepareStandby({ dataDirectory, superuserUrl: primaryUrl }, standbyPlace.folder, name);
      const standby = await openCluster(standbyPlace);
      if (synchronous) await requireConfirmationBy(name, primaryUrl);
      await waitUntilStreaming(name, synchronous, primaryUrl);
      return Object.assign(standby, {
        promote: async () => {
          await standby.execute("SELECT pg_promote(true, 60)");
          const [row] = await standby.execute<{ standby: boolean }>("SELECT pg_is_in_recovery() AS standby");
          if (row?.standby !== false) throw new Error(`the standby ${name} was not promoted within 60 s`);
        },
      });
    },
  };
  return self;
}

/** PostgreSQL removes this small segment when it shuts down; a killed one cannot. */
async function removeSharedMemory(dataDirectory: string): Promise<void> {
  let segment: string | undefined;
  try {
    segment = readFileSync(join(dataDirectory, "postmaster.pid"), "utf8").split("\n")[6]?.trim().split(/\s+/)[1];
  } catch {
    return;
  }
  if (segment !== undefined) await runToEnd(["ipcrm", "-m", segment]);
}
