/**
 * Machines that are lost with their disks: those of the database, made again from the backup, and that of the backups. Needs root and a stand of
 * the lab that is up and whole: `RING_STAND=... bun test ./cluster/stand-tests/lost.stand.ts`. Takes ten minutes. The database is that of the
 * backup afterwards, and the repository is new.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Lab } from "../../lab/src/index.ts";
import { waitUntil } from "../../stand/src/index.ts";
import { record, seconds } from "./figures.fixture.ts";
import { Load } from "./load.fixture.ts";
import { openStand, readStatus, ring, ringOrThrow, runOrThrow, startRing } from "./stand.fixture.ts";

setDefaultTimeout(3_600_000);
/** After the restore has begun: within it, or when a member starts with what was restored. */
const KILLED_WITHIN_MS = 40_000;
const LOAD_MS = 10_000;
const BACKUP = { deadlineMs: 300_000, everyMs: 2_000 };

const { api, inventory, machine } = await openStand();
const lab = new Lab();
const DATABASES = inventory.byRole("postgres").map(({ name }) => name);

async function lose(...names: string[]): Promise<void> {
  for (const name of names) {
    await lab.powerOff(name);
    rmSync(join(dirname(inventory.file), "machines", name, "disk.img"));
  }
}

/** Full backups that ended after a moment. */
async function fullBackupsSince(moment: number): Promise<number> {
  const { repositories } = JSON.parse(await ringOrThrow("backup", "list", "--json"));
  const all: { type: string; stop: number }[] = repositories.flatMap(
    ({ backups }: { backups: unknown }) => backups ?? [],
  );
  return all.filter(({ type, stop }) => type === "full" && stop * 1_000 > moment).length;
}
const hasFullBackupSince = (moment: number) => waitUntil(async () => (await fullBackupsSince(moment)) > 0, BACKUP);

/** Writes until all that was written is in the archive, and loses the machines of the database. @returns what must be there again */
async function loseDatabase(): Promise<Load> {
  const load = new Load(api);
  await delay(LOAD_MS);
  await load.stop();
  expect(load.failures).toEqual([]);
  await runOrThrow(machine((await readStatus()).cluster.leader), "/usr/local/sbin/goldenring-restore flush");
  await lose(...DATABASES);
  return load;
}

async function serves(before: Load, since: number): Promise<void> {
  expect([...(await before.names())].sort()).toEqual(before.rows.map(({ name }) => name).sort());
  const load = new Load(api);
  await delay(LOAD_MS);
  await load.stop();
  expect(load.failures).toEqual([]);
  expect([...(await load.names())].length).toBe(load.rows.length);
  expect((await readStatus()).cluster.members.map(({ name }) => name).sort()).toEqual(DATABASES.toSorted());
  expect(await hasFullBackupSince(since)).toBe(true);
}

test("a database whose machines are both lost with their disks is made from the backup", async () => {
  const load = await loseDatabase();
  const lostAt = Date.now();
  await ringOrThrow("up", "--from-backup");
  const tookMs = Date.now() - lostAt;
  await serves(load, lostAt);
  await record("Both database machines lost, made from the backup", "lost", {
    "ring up --from-backup, until all is well": seconds(tookMs),
    "rows compared, missing": `${load.rows.length}, 0`,
  });
});

test("killed while it does that, the command goes on when it is called again", async () => {
  const load = await loseDatabase();
  const lostAt = Date.now();
  const killed = startRing("up", "--from-backup");
  await killed.printed("role restore");
  const afterMs = Math.random() * KILLED_WITHIN_MS;
  await delay(afterMs);
  await killed.kill();
  await ringOrThrow("up", "--from-backup");
  await serves(load, lostAt);
  await record("The same, killed in between and called again", "lost", {
    "killed after the restore had begun": seconds(afterMs),
    "rows compared, missing": `${load.rows.length}, 0`,
  });
});

test("a database that is there is not replaced by the backup, and the command tells what to do", async () => {
  const load = new Load(api);
  const { code, stderr } = await ring("up", "--from-backup");
  await load.stop();
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("has the data of a database") });
  expect(stderr).toContain("ring restore");
  expect(load.failures).toEqual([]);
  await ringOrThrow("up");
});

test("a lost machine of the backups is replaced, and a full backup is taken at once", async () => {
  const lostAt = Date.now();
  const load = new Load(api);
  await lose(inventory.backupHost ?? "");
  await ringOrThrow("up");
  const tookMs = Date.now() - lostAt;
  expect(await hasFullBackupSince(lostAt)).toBe(true);
  const backedUpMs = Date.now() - lostAt;
  await load.stop();
  expect(load.failures).toEqual([]);
  await ringOrThrow("check", "--wait", "120");
  await record("The machine of the backups lost", "lost", {
    "ring up": seconds(tookMs),
    "until there is a full backup again": seconds(backedUpMs),
    "requests that failed": `${load.failures.length} of ${load.rows.length + load.reads}`,
  });
});
