import { spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type DataFolder, isDataDirectory, openDataFolder, superuserPassword } from "./data-folder.ts";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { attempt, clusterProcesses, runToEnd, signalProcess, waitUntil } from "./processes.ts";
import { chooseRunAs, endWithParent, findPrograms, type RunAs } from "./run-as.ts";

/** Long, because PostgreSQL first replays what a crash has left. */
const START_DEADLINE_MS = 120_000;
const PROGRESS_INTERVAL_MS = 5_000;
const REMOVAL_DEADLINE_MS = 10_000;

/** The steps of a shutdown: fast, immediate, killed. A checkpoint of a small database on a slow disk needs seconds. */
const SHUTDOWN = [
  { signal: "SIGINT", deadlineMs: 30_000 },
  { signal: "SIGQUIT", deadlineMs: 5_000 },
  { signal: "SIGKILL", deadlineMs: 5_000 },
] as const;

const MAX_LOG_BYTES = 4 * 1024 * 1024;
const SHOWN_LOG_LINES = 12;

/** Below the ports that systems give to outgoing connections, so that a port that is free stays free between two starts. */
const MIN_PORT = 20_000;
const MAX_PORT = 32_000;

/** PostgreSQL must not pick up settings (PGDATA, PGOPTIONS, LC_ALL, TZ ...) from the terminal it was started in. */
const ENVIRONMENT = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** UTF-8 with the same order of texts on every system, data checksums, and a password for every login. */
const INITDB_OPTIONS = [
  "--username=postgres",
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  "--locale=C",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--data-checksums",
  "--no-instructions",
];

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
export interface Cluster {
  /** Process id of the postmaster. */
  readonly pid: number;
  readonly dataDirectory: string;
  /** Settles when the server has ended, for any reason, with how it ended. */
  readonly ended: Promise<string>;
  /** The login that may do everything. */
  superuserUrl(database: string): string;
  /** Ends all connections, writes a checkpoint, and resolves when no process is left. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL on `folder`, at the first time with a new data directory; resolves when it accepts connections.
 *
 * @throws EmbeddedDatabaseError with the last lines of the server's log
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { port, log } = options;
  const folder = openDataFolder(options.folder);
  const { dataDirectory } = folder;
  const programs = findPrograms();
  const runAs = await chooseRunAs(join(programs, "postgres"), folder.path);
  const password = superuserPassword(folder);
  await endClusterProcesses(dataDirectory, log);
  await giveFiles(runAs, folder.path);
  if (!isDataDirectory(dataDirectory)) {
    log("Creating the PostgreSQL data directory (only once, takes some seconds) ...");
    const initdb = [...runAs.prefix, ...(await endWithParent("KILL")), join(programs, "initdb")];
    await createDataDirectory([...initdb, ...INITDB_OPTIONS, ...(options.initdbOptions ?? [])], folder);
  }
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...options.settings };
  const server = await startServer(
    [
      // Each of these replaces itself by the next, so that the process id stays.
      ...runAs.prefix,
      ...(await endWithParent(options.signalOnParentDeath)),
      join(programs, "postgres"),
      ...["-D", dataDirectory, "-p", String(port)],
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    folder,
    log,
  );
  const superuserUrl = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  return { ...server, dataDirectory, superuserUrl };
}

/** Root may run PostgreSQL under another account than last time, and creates files that the account must read. */
async function giveFiles({ owner }: RunAs, path: string): Promise<void> {
  if (owner === undefined) return;
  const { code, output } = await runToEnd(["chown", "-R", owner, path]);
  if (code !== 0) throw new EmbeddedDatabaseError(`Cannot give ${path} to the account ${owner}: ${output.trim()}`);
}

/** It is made under another name and renamed at the end, so what exists under its name is always complete. */
async function createDataDirectory(initdb: readonly string[], folder: DataFolder): Promise<void> {
  const { dataDirectory, superuserPassword: passwordFile } = folder;
  const unfinished = `${dataDirectory}.unfinished`;
  // The server that a killed initdb ran for its first tables may go on for a moment and write new files into it.
  const remove = () => attempt(() => rmSync(unfinished, { recursive: true, force: true }));
  const isGone = (): boolean => {
    remove();
    return !existsSync(unfinished);
  };
  if (!(await waitUntil(isGone, REMOVAL_DEADLINE_MS)))
    throw new EmbeddedDatabaseError(`A start that was killed left ${unfinished}: remove it and start again.`);
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
  let how: string | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const hasEnded = (value: string): void => {
    how = value;
    resolve(value);
  };
  child.once("error", ({ message }) => hasEnded(message));
  child.once("exit", (code, signal) => hasEnded(signal === null ? `exit code ${code}` : `signal ${signal}`));

  const end = async (): Promise<void> => {
    child.ref();
    await endClusterProcesses(dataDirectory, () => {});
    await ended;
  };
  let ending: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    ending ??= end();
    return ending;
  };

  const startedMs = performance.now();
  const progress = setInterval(() => {
    log(`PostgreSQL is still starting (${Math.round((performance.now() - startedMs) / 1000)} s) ...`);
  }, PROGRESS_INTERVAL_MS);
  const isReady = () => how !== undefined || acceptsConnections(dataDirectory, child.pid);
  const isInTime = await waitUntil(isReady, START_DEADLINE_MS);
  clearInterval(progress);
  if (isInTime && how === undefined && child.pid !== undefined) return { pid: child.pid, ended, stop };

  const reason = how === undefined ? `no connections within ${START_DEADLINE_MS / 1000} s` : `it ended with ${how}`;
  await stop();
  const messages = readFileSync(serverLog).subarray(logStartBytes).toString("utf8").trimEnd().split("\n");
  throw new EmbeddedDatabaseError(
    `PostgreSQL did not start: ${reason}. Its last messages (${serverLog}):\n${messages.slice(-SHOWN_LOG_LINES).join("\n") || "(none)"}`,
  );
}

/** The eighth line of postmaster.pid is the state that pg_ctl waits for, too (LOCK_FILE_LINE_PM_STATUS). */
function acceptsConnections(dataDirectory: string, pid: number | undefined): boolean {
  const lines = readPidFile(dataDirectory);
  return pid !== undefined && lines[0] === String(pid) && lines[7]?.trim() === "ready";
}

function readPidFile(dataDirectory: string): readonly string[] {
  const file = join(dataDirectory, "postmaster.pid");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}

/**
 * Ends the PostgreSQL on `dataDirectory` (a real path), no matter which process started it, and what a killed one has left;
 * resolves when none of its processes is alive. Uses a harsher signal only when a clean shutdown takes too long; committed data
 * is safe in every case.
 */
export async function endClusterProcesses(dataDirectory: string, log: (message: string) => void): Promise<void> {
  const processes = (): number[] => clusterProcesses(dataDirectory);
  if (processes().length > 0) log("An earlier run ended without its PostgreSQL; stopping that one first ...");
  for (const { signal, deadlineMs } of SHUTDOWN) {
    // A shutdown is the postmaster's work; what it leaves behind is killed.
    const postmaster = Number(readPidFile(dataDirectory)[0]);
    const targets = processes().filter((pid) => signal === "SIGKILL" || pid === postmaster);
    for (const pid of targets) signalProcess(pid, signal);
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

/** A free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = MIN_PORT + Math.floor(Math.random() * (MAX_PORT - MIN_PORT));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${MIN_PORT} and ${MAX_PORT} on 127.0.0.1`);
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
