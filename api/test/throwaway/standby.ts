import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { copyRunningDataDirectory } from "./copy-running-data-directory.ts";

const STREAMING_DEADLINE_MS = 60_000;

export interface Primary {
  readonly dataDirectory: string;
  readonly superuserUrl: string;
}

/**
 * Makes `folder` a standby of a running primary that has not been started yet. Done by PostgreSQL's low-level backup
 * functions, because the embedded package brings no pg_basebackup.
 *
 * @param name its `application_name` and the name of its replication slot
 */
export async function prepareStandby(primary: Primary, folder: string, name: string): Promise<void> {
  const directory = join(folder, "cluster");
  mkdirSync(folder, { mode: 0o700 });
  copyFileSync(join(dirname(primary.dataDirectory), "superuser-password"), join(folder, "superuser-password"));

  await withClient(primary.superuserUrl, async (client) => {
    // Keeps the WAL from before the copy until the standby has it.
    await client.query("SELECT pg_create_physical_replication_slot($1, true)", [name]);
    await client.query("SELECT pg_backup_start($1, true)", [name]);
    copyRunningDataDirectory(primary.dataDirectory, directory);
    const { rows } = await client.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
    writeFileSync(join(directory, "backup_label"), rows[0]?.labelfile ?? "", { mode: 0o600 });
  });

  const { hostname, port, username, password } = new URL(primary.superuserUrl);
  writeFileSync(
    join(directory, "postgresql.auto.conf"),
    `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password} application_name=${name}'\n` +
      `primary_slot_name = '${name}'\n`,
    { mode: 0o600 },
  );
  writeFileSync(join(directory, "standby.signal"), "", { mode: 0o600 });
}

/** Makes commits wait for this standby and for no other. */
export async function requireConfirmationBy(name: string, superuserUrl: string): Promise<void> {
  await withClient(superuserUrl, async (client) => {
    await client.query(`ALTER SYSTEM SET synchronous_standby_names = '"${name}"'`);
    await client.query("SELECT pg_reload_conf()");
  });
}

export async function waitUntilStreaming(name: string, synchronous: boolean, superuserUrl: string): Promise<void> {
  const deadline = performance.now() + STREAMING_DEADLINE_MS;
  await withClient(superuserUrl, async (client) => {
    for (;;) {
      const { rowCount } = await client.query(
        `SELECT FROM pg_stat_replication
         WHERE application_name = $1 AND state = 'streaming' AND (sync_state = 'sync' OR NOT $2)`,
        [name, synchronous],
      );
      if (rowCount === 1) return;
      if (performance.now() > deadline) throw new Error(`the standby ${name} does not stream`);
      await delay(50);
    }
  });
}

export async function withClient<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 30_000 });
  // A connection that breaks fails its open query, which is enough.
  client.on("error", () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
