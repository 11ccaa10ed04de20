import { spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type DataFolder, isDataDirectory, openDataFolder, superuserPassword } from "./data-folder.ts";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { attempt, clusterProcesses, runToEnd, waitUntil } from "./processes.ts";
import { chooseRunAs, endWithParent, findPrograms } from "./run-as.ts";

/** Long, because PostgreSQL first replays what a crash has left. */
const START_DEADLINE_MS = 120_000;
const PROGRESS_INTERVAL_MS = 5_000;

/** The steps of a shutdown: fast, immediate, killed. A checkpoint of a small database on a slow disk needs seconds. */
const SHUTDOWN_MS = { SIGINT: 30_000, SIGQUIT: 5_000, SIGKILL: 5_000 };
type ShutdownSignal = keyof typeof SHUTDOWN_MS;

const MAX_LOG_BYTES = 4 * 1024 * 1024;
const SHOWN_LOG_LINES = 12;

/** Below the ports that systems give to outgoing connections, so that a port that is free stays free between two starts. */
const MIN_PORT = 20_000;
const MAX_PORT = 32_000;

/** PostgreSQL must not pick up settings (PGDATA, PGOPTIONS, LC_ALL, TZ ...) from the terminal it was started in. */
const ENVIRONMENT = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** UTF-8 with the same order of texts on every system, data checksums, and a password for every login. */
const INITDB_OPTIONS =
  "--username=postgres --auth=scram-sha-256 --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 --data-checksums --no-instructions";

export interface ClusterOptions {
  /** Holds everything of the cluster; created when missing. The caller makes sure that nobody else uses it. */
  readonly folder: string;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly log: (message: string) => void;
  /** Server settings (postgresql.conf names). */
  readonly settings: Readonly<Record<string, string>>;
  /** Further options for initdb, which runs when the folder holds no data. */
  readonly initdbOptions?: readonly string[];
  /** The signal it gets when this process dies: INT ends it cleanly, KILL at once. */
  readonly signalOnParentDeath: "INT" | "KILL";
}

/** A running PostgreSQL. */
export type Cluster = Awaited<ReturnType<typeof startCluster>>;

/**
 * Starts a PostgreSQL on `folder`, at the first time with a new data directory; resolves when it accepts connections.
 *
 * @throws EmbeddedDatabaseError with the last lines of the server's log
 */
export async function startCluster(options: ClusterOptions) {
  const { port, log } = options;
  const folder = openDataFolder(options.folder);
  const { dataDirectory, path } = folder;
  const programs = findPrograms();
  const { prefix, owner } = await chooseRunAs(join(programs, "postgres"), path);
  const password = superuserPassword(folder);
  await endClusterProcesses(dataDirectory, log);
  // Root may run PostgreSQL under another account than last time, and creates files that the account must read.
  const given = owner === undefined ? { code: 0, output: "" } : await runToEnd(["chown", "-R", owner, path]);
  if (given.code !== 0)
    throw new EmbeddedDatabaseError(`Cannot give ${path} to the account ${owner}: ${given.output.trim()}`);
  if (!isDataDirectory(dataDirectory)) {
    log("Creating the PostgreSQL data directory (only once, takes some seconds) ...");
    const initdb = [...prefix, ...(await endWithParent("KILL")), join(programs, "initdb")];
    await createDataDirectory([...initdb, ...INITDB_OPTIONS.split(" "), ...(options.initdbOptions ?? [])], folder);
  }
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...options.settings };
  const command = [
    // Each of these replaces itself by the next, so that the process id stays.
    ...prefix,
    ...(await endWithParent(options.signalOnParentDeath)),
    ...[join(programs, "postgres"), "-D", dataDirectory, "-p", String(port)],
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  return {
    ...(await startServer(command, folder, log)),
    dataDirectory,
    /** The login that may do everything. */
    superuserUrl: (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
  };
}

/** It is made under another name and renamed at the end, so what exists under its name is always complete. */
async function createDataDirectory(initdb: readonly string[], folder: DataFolder): Promise<void> {
  const { dataDirectory, superuserPassword: passwordFile } = folder;
  const unfinished = `${dataDirectory}.unfinished`;
  const remove = (): void => rmSync(unfinished, { recursive: true, force: true });
  // The server that a killed initdb ran for its first tables may go on for a moment and write new files into it.
  await endClusterProcesses(unfinished, () => {});
  remove();
  const options = [`--pgdata=${unfinished}`, `--pwfile=${passwordFile}`];
  const { code, output } = await runToEnd([...initdb, ...options], ENVIRONMENT);
  if (code === 0) return renameSync(unfinished, dataDirectory);
  remove();
  throw new EmbeddedDatabaseError(`PostgreSQL could not create its data directory ${dataDirectory}:\n${output.trim()}`);
}

/**
 * Starts the server of an existing data directory; resolves when it accepts connections.
 *
 * It runs in a session of its own, so that Ctrl-C in the terminal does not reach it, and does not keep this process alive.
 */
async function startServer(
  [program = "", ...args]: readonly string[],
  { dataDirectory, serverLog }: DataFolder,
  log: (message: string) => void,
) {
  if (existsSync(serverLog) && statSync(serverLog).size > MAX_LOG_BYTES) renameSync(serverLog, `${serverLog}.1`);
  // A file and not a pipe, so that the server can write its last messages when its parent was killed.
  const descriptor = openSync(serverLog, "a", 0o600);
  const logStartBytes = fstatSync(descriptor).size;
  const stdio = ["ignore" as const, descriptor, descriptor];
  const child = spawn(program, args, { cwd: "/", detached: true, env: ENVIRONMENT, stdio });
  closeSync(descriptor);
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const hasEnded = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    child.ref();
    await endClusterProcesses(dataDirectory, () => {});
    await ended;
  };

  const startedMs = performance.now();
  const progress = setInterval(() => {
    log(`PostgreSQL is still starting (${Math.round((performance.now() - startedMs) / 1000)} s) ...`);
  }, PROGRESS_INTERVAL_MS);
  // The eighth line of postmaster.pid is the state that pg_ctl waits for, too (LOCK_FILE_LINE_PM_STATUS).
  const isReady = (): boolean => {
    const { 0: pid, 7: state } = readPidFile(dataDirectory);
    return hasEnded() || (pid === String(child.pid) && state?.trim() === "ready");
  };
  const isInTime = await waitUntil(isReady, START_DEADLINE_MS);
  clearInterval(progress);
  if (isInTime && !hasEnded() && child.pid !== undefined) {
    return {
      /** Process id of the postmaster. */
      pid: child.pid,
      /** Settles when the server has ended, for any reason, with how it ended. */
      ended,
      /** Ends all connections, writes a checkpoint, and resolves when no process is left. */
      stop,
    };
  }
  const reason = hasEnded() ? `it ended with ${await ended}` : `no connections within ${START_DEADLINE_MS / 1000} s`;
  await stop();
  const messages = readFileSync(serverLog).subarray(logStartBytes).toString("utf8").trimEnd().split("\n");
  throw new EmbeddedDatabaseError(
    `PostgreSQL did not start: ${reason}. Its last messages (${serverLog}):\n${messages.slice(-SHOWN_LOG_LINES).join("\n") || "(none)"}`,
  );
}

function readPidFile(dataDirectory: string): readonly string[] {
  return attempt(() => readFileSync(join(dataDirectory, "postmaster.pid"), "utf8").split("\n")) ?? [];
}

/**
 * Ends the PostgreSQL on `dataDirectory` (a real path), no matter which process started it, and what a killed one has left;
 * resolves when none of its processes is alive. Uses a harsher signal only when a clean shutdown takes too long; committed data
 * is safe in every case.
 */
export async function endClusterProcesses(dataDirectory: string, log: (message: string) => void): Promise<void> {
  const processes = (): number[] => clusterProcesses(dataDirectory);
  if (processes().length > 0) log("An earlier run ended without its PostgreSQL; stopping that one first ...");
  for (const [signal, deadlineMs] of Object.entries(SHUTDOWN_MS) as [ShutdownSignal, number][]) {
    // A shutdown is the postmaster's work; what it leaves behind is killed.
    const postmaster = Number(readPidFile(dataDirectory)[0]);
    const targets = processes().filter((pid) => signal === "SIGKILL" || pid === postmaster);
    for (const pid of targets) attempt(() => process.kill(pid, signal));
    if (targets.length > 0) await waitUntil(() => processes().length === 0, deadlineMs);
  }
  if (processes().length > 0) {
    throw new EmbeddedDatabaseError(
      `The PostgreSQL processes ${processes().join(", ")} on ${dataDirectory} cannot be ended.\n` +
        "They belong to another user, or wait for a disk that does not answer.",
    );
  }
  // After a crash the id in this file may now be another program's, and PostgreSQL would refuse to start. Elsewhere the
  // processes that a postmaster leaves behind cannot all be seen; there PostgreSQL's own check must stay.
  if (process.platform === "linux") rmSync(join(dataDirectory, "postmaster.pid"), { force: true });
}

/** A free port of 127.0.0.1: the preferred one, if it is. */
export async function freePort(preferred = randomPort()): Promise<number> {
  let port = preferred;
  for (let attempts = 0; attempts < 100; attempts += 1, port = randomPort()) if (await isFree(port)) return port;
  throw new Error(`no free port found between ${MIN_PORT} and ${MAX_PORT} on 127.0.0.1`);
}

const randomPort = (): number => MIN_PORT + Math.floor(Math.random() * (MAX_PORT - MIN_PORT));

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer().once("error", () => resolve(false));
  server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}
