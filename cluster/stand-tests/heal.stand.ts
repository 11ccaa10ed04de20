/**
 * A replica that cannot go on by itself comes back without a person: WAL from the archive, or a new copy. Needs root, and a stand that is up and whole:
 * `RING_STAND=... bun test ./cluster/stand-tests/heal.stand.ts`. MISSED_MB=5000 lets the replica miss 5 GB of WAL instead of 1.3 GB. The database stays.
 */
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../../stand/src/index.ts";
import { asPostgres, openStand, ringOrThrow, runOrThrow, type TestedStand } from "./stand.fixture.ts";

const MISSED_MB = Number(process.env.MISSED_MB ?? 1_300);
/** Less than what is missed, whatever the disk. */
const SLOT_KEEPS_MB = 256;
const WRITE_MS = 600_000;
const HEALED_MS = 900_000;
/** Renewed when a copy of the primary streams. */
const CLONED = "/var/lib/postgresql/cloned-at";
setDefaultTimeout(1_800_000);

let stand: TestedStand;

const slotKeeps = (value: string): Promise<string> =>
  runOrThrow(
    stand.primary,
    `patronictl edit-config --force --quiet -s postgresql.parameters.max_slot_wal_keep_size=${value}`,
  );
let configured = "";

beforeAll(async () => {
  stand = await openStand();
  configured = await asPostgres(stand.primary, "SHOW max_slot_wal_keep_size");
  await slotKeeps(`${SLOT_KEEPS_MB}MB`);
});
afterAll(() => slotKeeps(configured));

beforeEach(async () => {
  await runOrThrow(stand.replica, `rm -f ${CLONED} && systemctl restart goldenring-heal`);
  await streams();
});

const isStreaming = async (): Promise<boolean> => {
  const sql = `SELECT count(*) FROM pg_stat_replication WHERE application_name = '${stand.replica.name}' AND state = 'streaming'`;
  return (await asPostgres(stand.primary, sql)) === "1";
};

async function streams(): Promise<void> {
  expect(await waitUntil(isStreaming, { deadlineMs: HEALED_MS, everyMs: 2_000 })).toBe(true);
}

/** WAL that changes no table. */
async function write(megabytes: number): Promise<void> {
  const batch = 100;
  for (let written = 0; written < megabytes; written += batch) {
    const message = "pg_logical_emit_message(false, 'missed', repeat(md5(random()::text), 32768))";
    await asPostgres(stand.primary, `SELECT count(${message}) FROM generate_series(1, ${batch})`, WRITE_MS);
    await asPostgres(stand.primary, "CHECKPOINT", WRITE_MS);
  }
}

/** What the service on the replica wrote since then. */
const journal = (since: string): Promise<string> =>
  runOrThrow(stand.replica, `journalctl --no-pager --output=cat --unit=goldenring-heal --since='${since}'`);

const now = (): Promise<string> => runOrThrow(stand.replica, "date '+%F %T'");

/** The ways of repair that its metrics name until the replica streams. */
async function waysUntilStreaming(): Promise<ReadonlySet<string>> {
  const ways = new Set<string>();
  const end = Date.now() + HEALED_MS;
  while (Date.now() < end && !(await isStreaming())) {
    const metrics = await runOrThrow(
      stand.replica,
      "cat /var/lib/prometheus/node-exporter/goldenring-heal.prom || true",
    );
    for (const [, way = ""] of metrics.matchAll(/replica_repair_done_bytes\{way="(\w+)"\}/g)) ways.add(way);
    await delay(1_000);
  }
  await streams();
  return ways;
}

/** What streams may be the damaged data. */
async function isCopied(since: string, why: string): Promise<void> {
  const isDone = async () => (await runOrThrow(stand.replica, `ls ${CLONED} || true`)) === CLONED;
  expect(await waitUntil(isDone, { deadlineMs: HEALED_MS, everyMs: 1_000 })).toBe(true);
  expect(await journal(since)).toMatch(new RegExp(`it is cloned: .*${why}`));
  await streams();
}

async function missWal(): Promise<void> {
  await ringOrThrow("power", "off", stand.replica.name);
  await write(MISSED_MB);
}

test(`after ${MISSED_MB} MB of missed WAL the replica gets it from the archive`, async () => {
  const since = await now();
  await missWal();
  await ringOrThrow("power", "on", stand.replica.name);
  expect([...(await waysUntilStreaming())]).toEqual(["archive"]);
  expect(await journal(since)).toContain("repository1.conf has it");
});

test("without the archive it is copied from the primary, and the next backup ends the gap of the archive", async () => {
  const since = await now();
  const { inventory, machine, replica } = stand;
  const backupHost = machine(inventory.backupHost);
  await runOrThrow(backupHost, "systemctl stop pgbackrest");
  try {
    // More than waits for the archive, so there is a gap.
    await missWal();
    await write(1_200);
    await ringOrThrow("power", "on", replica.name);
    expect([...(await waysUntilStreaming())]).toContain("clone");
    await isCopied(since, "no repository gives it");
  } finally {
    await runOrThrow(backupHost, "systemctl start pgbackrest");
  }
  const metrics = "/var/lib/prometheus/node-exporter/goldenring-backup.prom";
  const gap = () => runOrThrow(backupHost, `sed -n 's/^goldenring_backup_missing_segments.* //p' ${metrics}`);
  await write(50);
  expect(await waitUntil(async () => (await gap()) !== "0", { deadlineMs: 300_000, everyMs: 1_000 })).toBe(true);
  expect(await waitUntil(async () => (await gap()) === "0", { deadlineMs: 600_000, everyMs: 2_000 })).toBe(true);
});

test("a page whose checksum is wrong is replaced when somebody has read it", async () => {
  const { primary, replica } = stand;
  const since = await now();
  const weather = (where: typeof replica, statement: string) =>
    runOrThrow(where, `psql -XAtq -U weather_owner -d weather -c "${statement}"`);
  const rows = await weather(primary, "SELECT count(*) FROM forecast");
  const file = await weather(replica, "SELECT pg_relation_filepath('forecast')");
  await asPostgres(primary, "CHECKPOINT");
  await asPostgres(replica, "CHECKPOINT");
  await runOrThrow(
    replica,
    `printf goldenring | dd of=/var/lib/postgresql/17/main/${file} bs=1 seek=4000 conv=notrunc status=none`,
  );
  // Its memory has the page as it was.
  await runOrThrow(replica, `patronictl restart --force ${stand.inventory.standName} ${replica.name}`);
  const read = () =>
    weather(replica, "SET enable_indexscan = off; SET enable_indexonlyscan = off; SELECT count(*) FROM forecast");
  await expect(read()).rejects.toThrow("invalid page");
  await isCopied(since, "a page whose checksum is wrong");
  expect(await read()).toBe(rows);
});

test("a server that cannot start from its data gets new ones", async () => {
  const { replica } = stand;
  const since = await now();
  await runOrThrow(
    replica,
    "systemctl stop patroni && rm /var/lib/postgresql/17/main/global/pg_filenode.map && systemctl start patroni",
  );
  await isCopied(since, "PostgreSQL (?:does not stay up|lets nobody in)");
});

test("a replica that is damaged while the primary cannot be proven to be well keeps its data", async () => {
  const { primary, replica } = stand;
  await runOrThrow(primary, "patronictl pause --wait");
  try {
    await ringOrThrow("power", "off", replica.name);
    await write(600);
    await ringOrThrow("power", "on", replica.name);
    const since = await now();
    await runOrThrow(replica, "mv /etc/pgbackrest/repository1.conf /root/");
    const isBlocked = async () => (await journal(since)).includes("but Patroni is paused");
    expect(await waitUntil(isBlocked, { deadlineMs: 180_000, everyMs: 2_000 })).toBe(true);
    expect(await runOrThrow(replica, "ls /var/lib/postgresql/17/main/PG_VERSION")).toContain("PG_VERSION");
  } finally {
    await runOrThrow(replica, "mv /root/repository1.conf /etc/pgbackrest/ || true");
    await runOrThrow(primary, "patronictl resume --wait");
  }
  await streams();
});
