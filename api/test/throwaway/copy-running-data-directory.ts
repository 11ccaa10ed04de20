import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** As pg_basebackup leaves out: rebuilt at start, or not to be taken over by a standby. */
const EMPTY_FOLDERS = new Set([
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
  "pgsql_tmp",
]);
const LEFT_OUT = new Set(["postmaster.pid", "postmaster.opts", "postgresql.auto.conf", "pg_control"]);

/**
 * Copies the data directory of a server that is running, between its `pg_backup_start` and `pg_backup_stop`: the copy
 * becomes consistent by replaying the WAL written meanwhile.
 */
export function copyRunningDataDirectory(from: string, to: string): void {
  copyFolder(from, to);
  // Last, as PostgreSQL's manual asks: it must not be older than what it describes.
  copyFileSync(join(from, "global", "pg_control"), join(to, "global", "pg_control"));
}

function copyFolder(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      if (EMPTY_FOLDERS.has(entry.name)) mkdirSync(target, { mode: 0o700 });
      else copyFolder(source, target);
    } else if (!LEFT_OUT.has(entry.name)) {
      copyFile(source, target);
    }
  }
}

/** A table that is dropped meanwhile takes its files with it; the WAL knows. */
function copyFile(source: string, target: string): void {
  try {
    copyFileSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
