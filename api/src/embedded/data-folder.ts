import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";

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
 * @throws EmbeddedDatabaseError when it is another user's
 */
export function openDataFolder(folder: string): DataFolder {
  // PostgreSQL's account, where there is one, must be able to pass through the folders above.
  mkdirSync(dirname(folder), { recursive: true });
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const uid = process.getuid?.();
  const owner = statSync(folder).uid;
  if (uid !== undefined && uid !== 0 && owner !== uid) {
    throw new EmbeddedDatabaseError(
      `The folder ${folder} belongs to another user (id ${owner}), perhaps because npm start ran as root before.\n` +
        `Give it back: sudo chown -R "$(id -un)" "${folder}"`,
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
