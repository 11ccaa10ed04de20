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
import { attempt } from "./processes.ts";

/** A process that has just been killed still holds its lock for a moment. */
const CLAIM_DEADLINE_MS = 300;

/** What lies in the folder of an embedded PostgreSQL. */
export type DataFolder = ReturnType<typeof openDataFolder>;

/**
 * Creates the folder when it is missing.
 *
 * @throws EmbeddedDatabaseError when it belongs to another user
 */
export function openDataFolder(folder: string) {
  // PostgreSQL's account, where there is one, must be able to pass through the folders above.
  mkdirSync(dirname(folder), { recursive: true });
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const [uid, owner] = [process.getuid?.() ?? 0, statSync(folder).uid];
  if (uid !== 0 && owner !== uid) {
    throw new EmbeddedDatabaseError(
      `The folder ${folder} belongs to another user (id ${owner}), perhaps because root ran npm start.\n` +
        `Take it back: ${chownCommand(folder)}`,
    );
  }
  // PostgreSQL's processes show the real path as theirs.
  const path = realpathSync(folder);
  return {
    path,
    /** PostgreSQL's own data directory. */
    dataDirectory: join(path, "cluster"),
    /** The file that initdb reads it from. */
    superuserPassword: join(path, "superuser-password"),
    /** The file with the URL that the API logs in by. */
    url: join(path, "database-url"),
    serverLog: join(path, "postgres.log"),
  };
}

/** A lock ends when its object is collected, so somebody must hold it. */
const heldLocks = new Set<DatabaseSync>();

/**
 * Claims a folder for this process against the others of the same machine. The claim is SQLite's lock of a file, which the
 * kernel releases when the process ends: nothing has to be cleaned up after a crash, a SIGKILL or a power loss.
 *
 * @returns what releases it
 * @throws EmbeddedDatabaseError when another process has it
 */
export function claimFolder({ path, url }: Pick<DataFolder, "path" | "url">): () => void {
  const pidFile = join(path, "lock.pid");
  const lock = new DatabaseSync(join(path, "lock"));
  try {
    lock.exec(`PRAGMA busy_timeout = ${CLAIM_DEADLINE_MS}; BEGIN EXCLUSIVE`);
  } catch (error) {
    lock.close();
    if (!(error instanceof Error && error.message.includes("database is locked"))) throw error;
    const pid = readFileSync(pidFile, "utf8").trim();
    const port = readUrl(url)?.port;
    throw new EmbeddedDatabaseError(
      `The database in ${path} is in use: process ${pid} runs it${port === undefined ? "" : `, its PostgreSQL listens on port ${port}`}.\n` +
        `npm start is running already. To stop that one: kill ${pid}\n` +
        "To run a second replica on the same database, give it another port and the URL in this file:\n" +
        `PORT=8081 DATABASE_URL="$(cat '${url}')" npm start`,
    );
  }
  writeFileWhole(pidFile, `${process.pid}\n`, 0o644);
  heldLocks.add(lock);
  return () => {
    if (heldLocks.delete(lock)) lock.close();
  };
}

/** The URL in a file; undefined when there is none. */
export function readUrl(file: string): URL | undefined {
  return attempt(() => new URL(readFileSync(file, "utf8").trim()));
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

export const newPassword = (): string => randomBytes(24).toString("hex");

export const isDataDirectory = (directory: string): boolean => existsSync(join(directory, "PG_VERSION"));

/**
 * Writes a file so that a reader, a crash or a full disk never leaves half of it: the old content stays until the new one is
 * complete. It replaces another user's file, too.
 */
export function writeFileWhole(file: string, text: string, mode = 0o600): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode, flush: true });
  renameSync(draft, file);
}
