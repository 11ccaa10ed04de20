import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { type DataFolder, isDataDirectory, openDataFolder, superuserPassword } from "./data-folder.ts";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { runToEnd, waitUntil } from "./processes.ts";
import { chooseRunAs, endWithParent, findBinaries, type RunAs } from "./programs.ts";
import { endClusterProcesses, postgresEnvironment, type Server, startServer } from "./server.ts";

const REMOVAL_DEADLINE_MS = 10_000;

/** Below the ports that systems give to outgoing connections, so that a port that is free stays free between two starts. */
const MIN_PORT = 20_000;
const MAX_PORT = 32_000;

export interface ClusterOptions {
  /** Holds everything of the cluster; created when missing. The caller makes sure that nobody else uses it. */
  readonly folder: string;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly log: (message: string) => void;
  /** Server settings (postgresql.conf names). */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further options for initdb, which runs when the folder holds no data. */
  readonly initdbOptions?: readonly string[];
  /** The signal it gets when this process dies: INT ends it cleanly, KILL at once. */
  readonly signalOnParentDeath?: "INT" | "KILL";
}

export interface Cluster extends Server {
  readonly dataDirectory: string;
  /** The login that may do everything. */
  superuserUrl(database: string): string;
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
  const { initdb, postgres } = findBinaries();
  const runAs = await chooseRunAs(postgres, folder.path);
  const password = superuserPassword(folder);
  await endClusterProcesses(dataDirectory, log);
  await giveFiles(runAs, folder);
  if (!isDataDirectory(dataDirectory)) {
    log("Creating the PostgreSQL data directory (only once, takes some seconds) ...");
    const command = [...runAs.prefix, ...(await endWithParent("KILL")), initdb, ...(options.initdbOptions ?? [])];
    await createDataDirectory(command, folder);
  }

  const server = await startServer({
    command: [
      ...runAs.prefix,
      ...(await endWithParent(options.signalOnParentDeath ?? "INT")),
      postgres,
      ...["-D", dataDirectory, "-p", String(port)],
      ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
      ...Object.entries(options.settings ?? {}).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    dataDirectory,
    logFile: folder.serverLog,
    log,
  });
  const superuserUrl = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  return { ...server, dataDirectory, superuserUrl };
}

/** Root may run PostgreSQL under another account than last time, and creates files that the account must read. */
async function giveFiles({ owner }: RunAs, folder: DataFolder): Promise<void> {
  const parts = [folder.path, folder.dataDirectory, folder.superuserPassword];
  if (owner === undefined || parts.every((part) => !existsSync(part) || statSync(part).uid === owner.uid)) return;
  const { code, output } = await runToEnd(["chown", "-R", `${owner.uid}:${owner.gid}`, folder.path]);
  if (code === 0) return;
  throw new EmbeddedDatabaseError(`Cannot give ${folder.path} to the user id ${owner.uid}: ${output.trim()}`);
}

/**
 * Creates a data directory: UTF-8 with the same order of texts on every system, data checksums, and a password for
 * every login. It is made under another name and renamed at the end, so what exists under its name is always complete.
 *
 * @param initdb its command
 * @throws EmbeddedDatabaseError with initdb's output
 */
async function createDataDirectory(
  initdb: readonly string[],
  { dataDirectory, superuserPassword: passwordFile }: DataFolder,
): Promise<void> {
  await removeUnfinished(dataDirectory);
  const unfinished = `${dataDirectory}.unfinished-${crypto.randomUUID()}`;
  const options = [
    `--pgdata=${unfinished}`,
    "--username=postgres",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
  ];
  const { code, output } = await runToEnd([...initdb, ...options], postgresEnvironment());
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new EmbeddedDatabaseError(
      `PostgreSQL could not create its data directory ${dataDirectory}:\n${output.trim()}`,
    );
  }
  renameSync(unfinished, dataDirectory);
}

/**
 * What a start that was killed in the middle of initdb has left. The server that such an initdb ran for its first tables
 * may go on for a moment and write new files into the folder.
 *
 * @throws EmbeddedDatabaseError when it cannot be removed
 */
async function removeUnfinished(directory: string): Promise<void> {
  const parent = dirname(directory);
  const prefix = `${basename(directory)}.unfinished-`;
  for (const name of readdirSync(parent).filter((each) => each.startsWith(prefix))) {
    const path = join(parent, name);
    const isRemoved = (): boolean => {
      try {
        rmSync(path, { recursive: true, force: true });
        return true;
      } catch {
        return false;
      }
    };
    if (await waitUntil(isRemoved, REMOVAL_DEADLINE_MS)) continue;
    throw new EmbeddedDatabaseError(
      `An earlier start was killed and left ${path}, which cannot be removed.\nRemove that folder and start again.`,
    );
  }
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
