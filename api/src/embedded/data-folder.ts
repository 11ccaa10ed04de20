import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { chownCommand, EmbeddedDatabaseError } from "./embedded-database-error.ts";

/** A process that has just been killed still holds its lock for a moment. */
const CLAIM_DEADLINE_MS = 300;

/** What lies in the folder of an embedded PostgreSQL. */
export interface DataFolder {
  /** Its real path: PostgreSQL's processes show it as theirs. */
  readonly path: string;
  /** PostgreSQL's own data directory. */
  readonly dataDirectory: string;
  readonly superuserPassword: string;
  readonly serverLog: string;
}

/**
 * Creates the folder when it is missing.
 *
 * @throws EmbeddedDatabaseError when it belongs to another user
 */
export function openDataFolder(folder: string): DataFolder {
  // PostgreSQL's account, where there is one, must be able to pass through the folders above.
  mkdirSync(dirname(folder), { recursive: true });
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const uid = process.getuid?.();
  const owner = statSync(folder).uid;
  if (uid !== undefined && uid !== 0 && owner !== uid) {
    throw new EmbeddedDatabaseError(
      `The folder ${folder} belongs to another user (id ${owner}), perhaps because root ran npm start.\n` +
        `Take it back: ${chownCommand(folder)}`,
    );
  }
  const path = realpathSync(folder);
  return {
    path,
    dataDirectory: join(path, "cluster"),
    superuserPassword: join(path, "superuser-password"),
    serverLog: join(path, "postgres.log"),
  };
}

export type ClaimResult =
  | { readonly claimed: true; readonly release: () => void }
  | { readonly claimed: false; readonly by: number };

/** A lock ends when its object is collected, so somebody must hold it. */
const heldLocks = new Set<DatabaseSync>();

/**
 * Claims a folder for this process, so that two never use it at once. The claim is SQLite's lock of a file, which the kernel
 * releases when the process ends: nothing has to be cleaned up after a crash, a SIGKILL or a power loss.
 *
 * It protects against processes of the same machine.
 */
export function claimFolder(folder: string): ClaimResult {
  const pidFile = join(folder, "lock.pid");
  const lock = new DatabaseSync(join(folder, "lock"));
  try {
    lock.exec(`PRAGMA busy_timeout = ${CLAIM_DEADLINE_MS}; BEGIN EXCLUSIVE`);
  } catch (error) {
    lock.close();
    if (!(error instanceof Error && error.message.includes("database is locked"))) throw error;
    return { claimed: false, by: Number(readFileSync(pidFile, "utf8")) };
  }
  // Renamed into place, so that it can replace another user's file, and readable for the owner of root's lock.
  writeFileSync(`${pidFile}.new`, `${process.pid}\n`);
  renameSync(`${pidFile}.new`, pidFile);
  heldLocks.add(lock);
  const release = (): void => {
    if (heldLocks.delete(lock)) lock.close();
  };
  return { claimed: true, release };
}

/** How the API logs in to its database. */
export interface WeatherLogin {
  readonly password: string;
  readonly port: number;
}

export function urlOf({ password, port }: WeatherLogin): string {
  return `postgres://weather:${password}@127.0.0.1:${port}/weather`;
}

/** The login in a file with its URL; undefined when there is none. */
export function readLogin(urlFile: string): WeatherLogin | undefined {
  try {
    const { password, port } = new URL(readFileSync(urlFile, "utf8").trim());
    return { password, port: Number(port) };
  } catch {
    return undefined;
  }
}

/** @throws EmbeddedDatabaseError when there are data but no password for them */
export function superuserPassword({ superuserPassword: file, dataDirectory }: DataFolder): string {
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  if (isDataDirectory(dataDirectory)) {
    throw new EmbeddedDatabaseError(
      `The file ${file} is missing, and without it nobody can log in to the data beside it.\n` +
        "Put it back, or move the folder away to begin with sample data.",
    );
  }
  const password = newPassword();
  writeFileWhole(file, `${password}\n`);
  return password;
}

export function newPassword(): string {
  return randomBytes(24).toString("hex");
}

export function isDataDirectory(directory: string): boolean {
  return existsSync(join(directory, "PG_VERSION"));
}

/**
 * Writes a file that only its owner may read, so that a reader, a crash or a full disk never leaves half of it: the old
 * content stays until the new one is complete.
 */
export function writeFileWhole(file: string, text: string): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  renameSync(draft, file);
}
