import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { withAdvice } from "./advice.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { openDataFolder } from "./data-folder.ts";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { endClusterProcesses } from "./end-cluster-processes.ts";
import { claimFolder } from "./folder-claim.ts";
import { freePort, isFree } from "./free-port.ts";
import { ensureWeatherDatabase } from "./weather-database.ts";
import { writeFileWhole } from "./write-file-whole.ts";

/**
 * For a small machine. Every committed transaction is on the disk before it is confirmed (fsync and synchronous_commit
 * keep PostgreSQL's defaults, which are on); the rest saves memory, processes and disk space.
 */
const SETTINGS = {
  shared_buffers: "64MB",
  max_connections: "50",
  io_method: "sync",
  max_parallel_workers_per_gather: "0",
  min_wal_size: "32MB",
  max_wal_size: "256MB",
  jit: "off",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] ",
};

/** Milliseconds before an attempt to start it again after it ended by itself; doubled each time. */
const FIRST_RESTART_PAUSE = 100;
const LONGEST_RESTART_PAUSE = 30_000;

export interface EmbeddedDatabaseOptions {
  /** Holds the data between starts; created when missing. */
  readonly folder: string;
  /** Gets a line for every step that takes a while and for every trouble. */
  readonly log: (message: string) => void;
}

export interface EmbeddedDatabase {
  /** `postgres://weather:<password>@127.0.0.1:<port>/weather`; the role owns the database and is no superuser. */
  readonly url: string;
  /** Process id of the server; another one after a restart. */
  readonly pid: number;
  /** Call it last: it ends all connections. Resolves when no process of the server is left. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL of `folder`, at the first time with an empty database `weather`.
 *
 * While it is open, no second process can open the same folder. It is started again when it ends by itself; it ends with
 * this process when this process is killed.
 *
 * @throws EmbeddedDatabaseError with what to do
 */
export async function openEmbeddedDatabase({ folder, log }: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const urlFile = join(folder, "database-url");
  const { release, login, ...first } = await openFirst(folder, urlFile, log);
  let { cluster } = first;

  const closing = new AbortController();
  const closed = once(closing.signal, "abort");
  const keeper = keepRunning();

  /** Somebody may kill PostgreSQL, or the system does when memory is short: it comes back on the same port. */
  async function keepRunning(): Promise<void> {
    let pause = FIRST_RESTART_PAUSE;
    let runsSince = performance.now();
    for (;;) {
      const how = await Promise.race([cluster.ended, closed]);
      if (closing.signal.aborted) return;
      log(`PostgreSQL ended unexpectedly (${how}); starting it again ...`);
      if (performance.now() - runsSince > LONGEST_RESTART_PAUSE) pause = FIRST_RESTART_PAUSE;
      for (let runs = false; !runs; pause = Math.min(pause * 2, LONGEST_RESTART_PAUSE)) {
        await delay(pause, undefined, { signal: closing.signal }).catch(() => {});
        if (closing.signal.aborted) return;
        runs = await startAgain();
      }
      runsSince = performance.now();
    }
  }

  async function startAgain(): Promise<boolean> {
    try {
      cluster = await start(folder, login, log);
      log("PostgreSQL runs again.");
      return true;
    } catch (error) {
      log(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  return {
    url: urlOf(login),
    get pid() {
      return cluster.pid;
    },
    async stop() {
      closing.abort();
      await keeper;
      await cluster.stop();
      release();
    },
  };
}

interface WeatherLogin {
  readonly password: string;
  readonly port: number;
}

interface FirstStart {
  readonly release: () => void;
  readonly login: WeatherLogin;
  readonly cluster: Cluster;
}

async function openFirst(folder: string, urlFile: string, log: (message: string) => void): Promise<FirstStart> {
  let release = (): void => {};
  try {
    const { dataDirectory } = openDataFolder(folder);
    const claim = await claimFolder(folder);
    if (!claim.claimed) throw new EmbeddedDatabaseError(alreadyRunning(claim.by, folder, urlFile));
    release = claim.release;
    // One that was left behind would still hold the port.
    await endClusterProcesses(dataDirectory, log);
    const login = await chooseLogin(urlFile);
    const cluster = await start(folder, login, log);
    writeFileWhole(urlFile, `${urlOf(login)}\n`);
    return { release, login, cluster };
  } catch (error) {
    release();
    throw withAdvice(error, folder);
  }
}

async function start(folder: string, login: WeatherLogin, log: (message: string) => void): Promise<Cluster> {
  const cluster = await startCluster({ folder, port: login.port, log, settings: SETTINGS });
  try {
    await ensureWeatherDatabase(cluster, login.password);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function urlOf({ password, port }: WeatherLogin): string {
  return `postgres://weather:${password}@127.0.0.1:${port}/weather`;
}

/** The same port and password as last time, as far as possible: other replicas may have been given the URL. */
async function chooseLogin(urlFile: string): Promise<WeatherLogin> {
  const kept = readLogin(urlFile);
  return {
    password: kept?.password ?? randomBytes(24).toString("hex"),
    port: kept !== undefined && (await isFree(kept.port)) ? kept.port : await freePort(),
  };
}

function readLogin(urlFile: string): WeatherLogin | undefined {
  try {
    const { password, port } = new URL(readFileSync(urlFile, "utf8").trim());
    return { password, port: Number(port) };
  } catch {
    return undefined;
  }
}

function alreadyRunning(pid: number, folder: string, urlFile: string): string {
  const port = readLogin(urlFile)?.port;
  return (
    `The database in ${folder} is in use: process ${pid} runs it${port === undefined ? "" : `, its PostgreSQL listens on port ${port}`}.\n` +
    `npm start is running already. To stop that one: kill ${pid}\n` +
    "To run a second replica on the same database, give it another port and the URL in this file:\n" +
    `PORT=8081 DATABASE_URL="$(cat '${urlFile}')" npm start`
  );
}
