/**
 * Backups of a stand that is up and whole: taken, listed, damaged, lost, and in a second repository in S3. Needs root, Ansible, openssl and MinIO on PATH
 * (or in GOLDENRING_MINIO): `RING_STAND=... bun test ./cluster/stand-tests/backup.stand.ts`. Replaces the stand's repository; the database stays.
 */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inNamespace, runProgram, waitUntil } from "../../stand/src/index.ts";
import { record, seconds } from "./figures.fixture.ts";
import { asPostgres, openStand, playbook, readStatus, ring, ringOrThrow, runOrThrow } from "./stand.fixture.ts";

const MINIO = process.env.GOLDENRING_MINIO ?? Bun.which("minio");
const COMMAND_MS = 60_000;
const BACKUP_MS = 120_000;
setDefaultTimeout(900_000);

const { inventory, machine, operator, ...stand } = await openStand();
const host = machine(inventory.backupHost);
let { primary } = stand;
const folder = mkdtempSync(join(tmpdir(), "goldenring-backup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Repository {
  readonly key: number;
  readonly error?: string;
  readonly backups: readonly { readonly label: string; readonly type: string; readonly stop: number }[];
  readonly timelines: readonly {
    readonly newestSegment: string;
    readonly missing: readonly unknown[];
    readonly restorable: readonly { readonly from: number; readonly to: number }[];
  }[];
}

async function repository(key: number): Promise<Repository> {
  const list = JSON.parse(await ringOrThrow("backup", "list", "--json")) as { repositories: readonly Repository[] };
  const found = list.repositories.find((each) => each.key === key);
  if (found === undefined) throw new Error(`there is no repository ${key}`);
  return found;
}

/** A commit, and the segment that it is in, which is complete then. */
async function commitAndSwitch(): Promise<string> {
  await asPostgres(primary, "SELECT pg_current_xact_id()");
  return asPostgres(primary, "SELECT pg_walfile_name(pg_switch_wal())");
}

/** Waits until the archive of a repository has the segment. */
async function archived(key: number, segment: string, deadlineMs = 60_000): Promise<void> {
  const find = `cd / && runuser -u postgres -- pgbackrest --config=/etc/pgbackrest/repository${key}.conf --stanza=${inventory.standName} repo-ls --recurse --filter=${segment} archive/${inventory.standName}`;
  const isThere = async () => (await runOrThrow(host, find)).includes(segment);
  expect(await waitUntil(isThere, { deadlineMs, everyMs: 500 })).toBe(true);
}

async function fullBackup(key: number): Promise<void> {
  const has = async () => (await repository(key)).backups.some(({ type }) => type === "full");
  expect(await waitUntil(has, { deadlineMs: BACKUP_MS, everyMs: 2_000 })).toBe(true);
}

test("the stand has a full backup, is encrypted, and what was just committed can be restored after a moment", async () => {
  await fullBackup(1);
  expect(await runOrThrow(host, "head -c 8 /var/lib/pgbackrest/backup/*/backup.info")).toBe("Salted__");
  expect(await runOrThrow(primary, "grep -c cipher-pass /etc/pgbackrest.conf || true")).toBe("0");
  await commitAndSwitch();
  const before = Date.now() / 1_000;
  await archived(1, await commitAndSwitch());
  const ranges = (await repository(1)).timelines.flatMap(({ restorable }) => restorable);
  expect(Math.max(...ranges.map(({ to }) => to))).toBeGreaterThan(before - 1);
});

test("ring backup now takes one, and a second playbook run none", async () => {
  const labels = async () => (await repository(1)).backups.map(({ label }) => label);
  const before = await labels();
  await ringOrThrow("backup", "now");
  const after = await labels();
  expect(after.length).toBe(before.length + 1);
  await playbook(inventory, "backup");
  expect(await labels()).toEqual(after);
});

test("a damaged file is found by verify, ring check names it until it is repaired, and a restore takes the backup before it", async () => {
  await ringOrThrow("backup", "now", "--type", "full");
  const newest = (await repository(1)).backups.at(-1)?.label;
  const file = await runOrThrow(host, `ls -S /var/lib/pgbackrest/backup/*/${newest}/pg_data/base/*/*.zst | head -1`);
  const flip = `printf 'goldenring' | dd of=${file} bs=1 seek=200 conv=notrunc status=none`;
  await runOrThrow(host, `cp -p ${file} /root/whole && ${flip}`);
  const { code, stdout } = await ring("backup", "verify");
  expect({ code, stdout }).toEqual({
    code: 1,
    stdout: expect.stringMatching(/repository 1: backup: \d+-\d+F: checksum invalid: 1/),
  });
  const damage = "Files in repository 1 are damaged";
  const named = async () => (await ring("check")).stdout.includes(damage);
  expect(await waitUntil(named, { deadlineMs: 60_000, everyMs: 1_000 })).toBe(true);
  const program = "/usr/local/sbin/goldenring-restore";
  const look = JSON.parse(await runOrThrow(stand.replica, `${program} look damaged '{}'`));
  await runOrThrow(stand.replica, `${program} drop damaged`);
  expect(look.backups).toEqual([newest, look.backup, ...look.backups.slice(2)]);
  await runOrThrow(host, `cp -p /root/whole ${file} && rm /root/whole`);
  expect(await ringOrThrow("backup", "verify")).toContain("every file is as it was written");
});

test("a repository on a new disk gets a full backup at once", async () => {
  await runOrThrow(host, "rm -r /var/lib/pgbackrest/archive /var/lib/pgbackrest/backup");
  await playbook(inventory, "backup");
  await fullBackup(1);
  await archived(1, await commitAndSwitch());
  const { timelines } = await repository(1);
  expect(timelines.flatMap(({ missing }) => missing)).toEqual([]);
});

test.skipIf(MINIO === null)(
  "with a second repository in S3, each goes on while the other is lost, and gets what it missed",
  async () => {
    const [key, certificate] = [join(folder, "certs/private.key"), join(folder, "certs/public.crt")];
    mkdirSync(join(folder, "certs"));
    // The bucket.
    mkdirSync(join(folder, "data/backups"), { recursive: true });
    writeFileSync(join(folder, "names"), `subjectAltName=IP:${operator}`);
    const issue = `openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=s3 -addext "$(cat ${folder}/names)" -keyout ${key} -out ${certificate}`;
    await runProgram(["sh", "-c", issue], { deadlineMs: COMMAND_MS });
    const secret = crypto.randomUUID();
    const serve = () =>
      Bun.spawn(
        inNamespace(inventory, [
          ...[MINIO ?? "", "server", "--quiet", "--address", `${operator}:9000`, "--certs-dir", join(folder, "certs")],
          join(folder, "data"),
        ]),
        {
          env: { ...process.env, MINIO_ROOT_USER: "goldenring", MINIO_ROOT_PASSWORD: secret },
          stdout: "ignore",
          stderr: "ignore",
        },
      );
    let server = serve();
    try {
      await playbook(inventory, "backup,patroni", {
        backup_s3: {
          ...{ endpoint: `${operator}:9000`, bucket: "backups", key: "goldenring", key_secret: secret },
          ...{ uri_style: "path", ca: certificate },
        },
      });
      await fullBackup(2);

      server.kill(9);
      await server.exited;
      const withoutSecond = [await commitAndSwitch(), await commitAndSwitch(), await commitAndSwitch()];
      for (const segment of withoutSecond) await archived(1, segment, 15_000);
      // A restore asks the one that is there, and does not wait for the other one.
      const began = Date.now();
      await ringOrThrow("restore", "--to", new Date(began - 1_000).toISOString(), "--plan");
      const plannedMs = Date.now() - began;
      // The segments wait on a machine that is not the primary any more.
      await runOrThrow(primary, "patronictl switchover --force");
      const former = primary.name;
      const leader = async () => (await readStatus()).cluster.leader ?? former;
      expect(await waitUntil(async () => (await leader()) !== former, { deadlineMs: 60_000, everyMs: 1_000 })).toBe(
        true,
      );
      primary = machine(await leader());
      server = serve();
      for (const segment of withoutSecond) await archived(2, segment, 180_000);
      await archived(2, await commitAndSwitch(), 120_000);

      // Neither a disk that is full nor a server that is down stops the other repository.
      await runOrThrow(
        host,
        "fallocate -l $(df --output=avail -B1 /var/lib/pgbackrest | tail -1) /var/lib/pgbackrest/filler || true",
      );
      await archived(2, await commitAndSwitch(), 15_000);
      await runOrThrow(host, "rm -f /var/lib/pgbackrest/filler && systemctl stop pgbackrest");
      const withoutFirst = await commitAndSwitch();
      await archived(2, withoutFirst, 15_000);
      const beganWithout = Date.now();
      await ringOrThrow("restore", "--to", new Date(beganWithout - 5_000).toISOString(), "--plan");
      const plannedWithoutMs = Date.now() - beganWithout;
      await runOrThrow(host, "systemctl start pgbackrest");
      await archived(1, await commitAndSwitch(), 120_000);
      await archived(1, withoutFirst);
      for (const each of [1, 2])
        expect((await repository(each)).timelines.flatMap(({ missing }) => missing)).toEqual([]);
      await record("Two repositories, one of them in S3", "backup", {
        "ring restore --plan, the second one lost": seconds(plannedMs),
        "ring restore --plan, the first one lost": seconds(plannedWithoutMs),
      });
    } finally {
      await playbook(inventory, "backup,patroni");
      await runOrThrow(host, "rm -f /var/lib/pgbackrest/filler");
      server.kill(9);
    }
  },
);
