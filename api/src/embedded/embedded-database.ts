import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type Cluster, endClusterProcesses, freePort, startCluster } from "./cluster.ts";
import { claimFolder, newPassword, openDataFolder, readUrl, writeFileWhole } from "./data-folder.ts";
import { withAdvice } from "./embedded-database-error.ts";

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

/** Before an attempt to start it again after it ended unexpectedly; doubled each time. */
const FIRST_RESTART_PAUSE_MS = 100;
const MAX_RESTART_PAUSE_MS = 30_000;

/** The server is on this machine and has just accepted connections. */
const QUERY_DEADLINE_MS = 30_000;

export type EmbeddedDatabase = Awaited<ReturnType<typeof openEmbeddedDatabase>>;

/**
 * Starts the PostgreSQL of `folder`, which holds the data between starts; at the first time with an empty database `weather`.
 *
 * While it is open, no second process can open the same folder. It is started again when it ends unexpectedly; it ends with
 * this process when this process is killed.
 *
 * @param log gets a line for every step that takes a while and for every failure
 * @throws EmbeddedDatabaseError with what to do
 */
export async function openEmbeddedDatabase(folder: string, log: (message: string) => void) {
  let release = (): void => {};
  const start = async (url: URL): Promise<Cluster> => {
    const options = { folder, port: Number(url.port), log, settings: SETTINGS };
    const cluster = await startCluster({ ...options, signalOnParentDeath: "INT" });
    const isReady = ensureWeatherDatabase(cluster, url.password);
    await isReady.catch(cluster.stop);
    await isReady;
    return cluster;
  };
  try {
    const opened = openDataFolder(folder);
    release = claimFolder(opened);
    // One that was left behind would still hold the port.
    await endClusterProcesses(opened.dataDirectory, log);
    // The same port and password as last time, as far as possible: other replicas may have been given the URL.
    const url = readUrl(opened.url) ?? new URL(`postgres://weather:${newPassword()}@127.0.0.1/weather`);
    url.port = String(await freePort(url.port === "" ? undefined : Number(url.port)));
    const kept = await keepRunning(() => start(url), log);
    writeFileWhole(opened.url, `${url.href}\n`);
    return {
      /** `postgres://weather:<password>@127.0.0.1:<port>/weather`; the role owns the database and is no superuser. */
      url: url.href,
      /** Process id of the server; another one after a restart. */
      get pid() {
        return kept.cluster().pid;
      },
      /** Call it last: it ends all connections. Resolves when no process of the server is left. */
      async stop(): Promise<void> {
        await kept.stop();
        release();
      },
    };
  } catch (error) {
    release();
    throw withAdvice(error, folder);
  }
}

/** Starts the server again on the same port when it ends, for instance because the system is short of memory and kills it. */
async function keepRunning(startOnce: () => Promise<Cluster>, log: (message: string) => void) {
  let cluster = await startOnce();
  const closing = new AbortController();
  const { signal } = closing;
  const closed = once(signal, "abort");
  const keep = async (): Promise<void> => {
    let pauseMs = FIRST_RESTART_PAUSE_MS;
    for (;;) {
      const startedMs = performance.now();
      const how = await Promise.race([cluster.ended, closed]);
      if (performance.now() - startedMs > MAX_RESTART_PAUSE_MS) pauseMs = FIRST_RESTART_PAUSE_MS;
      if (!signal.aborted) log(`PostgreSQL ended unexpectedly (${how}); starting it again ...`);
      await delay(pauseMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      pauseMs = Math.min(pauseMs * 2, MAX_RESTART_PAUSE_MS);
      try {
        cluster = await startOnce();
        log("PostgreSQL runs again.");
      } catch (error) {
        log(error instanceof Error ? error.message : String(error));
      }
    }
  };
  const keeper = keep();
  const stop = async (): Promise<void> => {
    closing.abort();
    await keeper;
    await cluster.stop();
  };
  return { cluster: () => cluster, stop };
}

/** Makes sure that the database and its owner exist, and that this password is the owner's. */
async function ensureWeatherDatabase(cluster: Cluster, password: string): Promise<void> {
  const deadlines = { connectionTimeoutMillis: QUERY_DEADLINE_MS, query_timeout: QUERY_DEADLINE_MS };
  const client = new pg.Client({ connectionString: cluster.superuserUrl("postgres"), ...deadlines });
  // A connection that breaks fails the current query, which is enough.
  client.on("error", () => {});
  await client.connect();
  try {
    // Otherwise a failing statement would put the password into the server's log.
    await client.query("SET log_min_error_statement = panic");
    const roles = await client.query("SELECT FROM pg_roles WHERE rolname = 'weather'");
    await client.query(
      `${roles.rowCount === 0 ? "CREATE" : "ALTER"} ROLE weather
       LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${client.escapeLiteral(password)}`,
    );
    const databases = await client.query("SELECT FROM pg_database WHERE datname = 'weather'");
    if (databases.rowCount === 0) await client.query("CREATE DATABASE weather OWNER weather");
  } finally {
    await client.end();
  }
}
