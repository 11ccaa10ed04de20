/**
 * New authorities under load: nothing fails meanwhile, and what the old ones issued is refused afterwards. Needs root and a stand that is up and
 * whole: `RING_STAND=... bun test ./cluster/stand-tests/authorities.stand.ts`. Takes ten minutes and replaces all certificates of the stand.
 */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Machine, runOn } from "../../stand/src/index.ts";
import { record, seconds } from "./figures.fixture.ts";
import { Load } from "./load.fixture.ts";
import { openStand, ringOrThrow, run, runOrThrow, startRing } from "./stand.fixture.ts";

setDefaultTimeout(3_600_000);
const COMMAND_MS = 30_000;
/** Into the first of the three runs of the playbook: while some machines trust the new authorities, too, and others do not. */
const KILLED_AFTER_MS = Math.random() * 60_000;

const { api, inventory, primary, first, machine } = await openStand();
const [etcd, otherEtcd] = inventory.byRole("etcd") as [Machine, Machine];
const load = new Load(api);
afterAll(() => load.stop());

/** Whether a client that trusts `ca` takes a listener with the key for the machine. */
const pretend =
  ({ name }: Machine, ca: string) =>
  (key: string) =>
    `openssl s_server -quiet -www -accept 4433 -cert ${key}.crt -key ${key}.key & trap "kill $!" EXIT; sleep 1;
   curl -sSf --max-time 5 -o /dev/null --cacert ${ca} --resolve ${name}:4433:127.0.0.1 https://${name}:4433/`;
const curl = (ca: string, url: string) => (key: string) =>
  `curl -sSf --http1.1 --max-time 5 -o /dev/null --cacert ${ca} --cert ${key}.crt --key ${key}.key ${url}`;
const host = machine(inventory.backupHost);

/** By authority: a machine with one of its keys, and a command there that succeeds when the key is accepted. */
const USES = {
  servers: { on: primary, key: "/etc/patroni/tls/server", command: pretend(primary, "/etc/patroni/tls/ca.crt") },
  monitoring: {
    on: first("prometheus"),
    key: "/etc/prometheus/tls/server",
    command: pretend(first("prometheus"), "/etc/prometheus/tls/ca.crt"),
  },
  "etcd-peers": {
    on: otherEtcd,
    key: "/etc/etcd/tls/peer",
    command: curl("/etc/etcd/tls/peers-ca.crt", `https://${etcd.address}:2380/members`),
  },
  "etcd-clients": {
    on: primary,
    key: "/etc/patroni/tls/etcd",
    command: curl("/etc/patroni/tls/ca.crt", `https://${etcd.address}:2379/version`),
  },
  backups: {
    on: primary,
    key: "/etc/pgbackrest/tls/backup",
    command: (key: string) =>
      `! (sleep 2 | timeout 5 openssl s_client -quiet -connect ${host.address}:8432 -cert ${key}.crt -key ${key}.key 2>&1 | grep -q alert)`,
  },
} as const;
const NAMES = Object.keys(USES) as (keyof typeof USES)[];
const oldKey = (name: string) => `/root/old-${name}`;

/** The authorities whose key at this place is accepted. */
async function accepted(place: (name: keyof typeof USES) => string): Promise<string[]> {
  const found: string[] = [];
  for (const name of NAMES) {
    const { on, command } = USES[name];
    if ((await runOn(on, command(place(name)), { deadlineMs: COMMAND_MS })).code === 0) found.push(name);
  }
  return found;
}

test("all authorities are replaced under load, also after an interruption, and nobody accepts what the old ones issued", async () => {
  for (const name of NAMES) {
    const { on, key } = USES[name];
    await runOrThrow(on, `cp ${key}.crt ${oldKey(name)}.crt && cp ${key}.key ${oldKey(name)}.key`);
  }
  expect(await accepted(oldKey)).toEqual(NAMES);
  // A line of each old authority that no other certificate has.
  const marks = await Promise.all(
    NAMES.map(
      async (name) => (await Bun.file(`${inventory.secretsFolder}/authorities/${name}/ca.crt`).text()).split("\n")[3],
    ),
  );

  const killed = startRing("new-authority", ...NAMES);
  await killed.printed("All machines trust");
  await delay(KILLED_AFTER_MS);
  await killed.kill();
  const began = Date.now();
  await ringOrThrow("new-authority", ...NAMES);
  const tookMs = Date.now() - began;

  expect(await accepted(oldKey)).toEqual([]);
  expect(await accepted((name) => USES[name].key)).toEqual(NAMES);
  const trusting = inventory.machines.map((each) =>
    run(each, `find /etc -name '*ca.crt' | xargs -r grep -lFf /dev/stdin; true`, marks.join("\n")),
  );
  expect(await Promise.all(trusting)).toEqual(inventory.machines.map(() => ""));
  for (const name of NAMES) await run(USES[name].on, `rm -f ${oldKey(name)}.*`);
  await ringOrThrow("check", "--wait", "120");
  await ringOrThrow("backup", "now");
  expect(load.failures).toEqual([]);
  await record("Five new authorities at once", "authorities", {
    "three runs of the playbook": seconds(tookMs),
    "interrupted before": `${seconds(KILLED_AFTER_MS)} into the first run, then called again`,
    "writes, longest": `${load.rows.length}, ${seconds(load.longestWriteMs)}`,
    "reads, longest": `${load.reads}, ${seconds(load.longestReadMs)}`,
    "requests that failed": String(load.failures.length),
  });
});
