import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { withAdvice } from "./advice.ts";
import { findBinaries } from "./binaries.ts";
import { createDataDirectory, isDataDirectory } from "./data-directory.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { endClusterProcesses } from "./end-cluster-processes.ts";
import { chooseRunAs, endWithParent, type RunAs } from "./run-as.ts";
import { runToEnd } from "./run-to-end.ts";
import { type Server, startServer } from "./server.ts";
import { writeFileWhole } from "./write-file-whole.ts";

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
  readonly port: number;
  readonly dataDirectory: string;
  /** The login that may do everything. */
  superuserUrl(database: string): string;
}

/**
 * Starts a PostgreSQL on `folder`, at the first time with a new data directory; resolves when it accepts connections.
 *
 * @throws EmbeddedDatabaseError with the last lines of the server's log and what to do
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { port, log } = options;
  try {
    const folder = openDataFolder(options.folder);
    const { dataDirectory } = folder;
    const binaries = findBinaries();
    const runAs = await chooseRunAs(binaries.postgres, folder.path);
    const password = superuserPassword(folder);
    await endClusterProcesses(dataDirectory, log);
    await giveFiles(runAs, folder);
    if (!isDataDirectory(dataDirectory)) {
      log("Creating the PostgreSQL data directory (only once, takes some seconds) ...");
      await createDataDirectory({
        initdb: binaries.initdb,
        runAs,
        directory: dataDirectory,
        superuserPasswordFile: folder.superuserPassword,
        options: options.initdbOptions ?? [],
      });
    }

    const server = await startServer({
      command: [
        ...runAs.prefix,
        ...(await endWithParent(options.signalOnParentDeath ?? "INT")),
        binaries.postgres,
        ...["-D", dataDirectory, "-p", String(port)],
        ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
        ...Object.entries(options.settings ?? {}).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      dataDirectory,
      logFile: folder.serverLog,
      log,
    });
    return {
      ...server,
      port,
      dataDirectory,
      superuserUrl: (database) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
    };
  } catch (error) {
    throw withAdvice(error, options.folder);
  }
}

function superuserPassword({ superuserPassword: file, dataDirectory }: DataFolder): string {
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  if (isDataDirectory(dataDirectory)) {
    throw new EmbeddedDatabaseError(
      `The file ${file} is missing, and without it nobody can log in to the data beside it.\n` +
        "Put it back, or move the folder away to begin with sample data.",
    );
  }
  const password = randomBytes(24).toString("hex");
  writeFileWhole(file, `${password}\n`);
  return password;
}

/** Root may come to an existing folder with another way to run than last time, and makes files that the account must read. */
async function giveFiles(
  { owner }: RunAs,
  { path, dataDirectory, superuserPassword: file }: DataFolder,
): Promise<void> {
  if (owner === undefined) return;
  if ([path, dataDirectory, file].every((part) => !existsSync(part) || statSync(part).uid === owner.uid)) return;
  const { code, output } = await runToEnd(["chown", "-R", `${owner.uid}:${owner.gid}`, path]);
  if (code !== 0) throw new EmbeddedDatabaseError(`Cannot give ${path} to the user id ${owner.uid}: ${output.trim()}`);
}
