import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Inventory, type Machine, runOrThrow, waitUntil } from "@goldenring/stand";
import { hasProgram } from "../../skips.fixture.ts";
import { type Etcd, LockLost, openEtcd, type Shared } from "./etcd.ts";

/** A real etcd with TLS on loopback addresses of its own; one of the two members of the inventory is not there. */
const ADDRESS = "127.88.77.21";
const NOBODY = "127.88.77.22";

const machineAt = (address: string): Machine => ({
  name: `etcd-${address}`,
  address,
  roles: ["etcd"],
  ssh: { user: undefined, port: undefined, keyFile: undefined, args: [], sudo: false },
});

/** Stops a process. A signal to a busy program takes a while to reach all of its threads. */
async function stopped({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) throw new Error("It was not started");
  process.kill(pid, "SIGSTOP");
  const states = () =>
    readdirSync(`/proc/${pid}/task`).map(
      (task) => readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8").split(") ")[1]?.[0],
    );
  expect(await waitUntil(() => states().every((state) => state === "T"), { deadlineMs: 10_000, everyMs: 5 })).toBe(
    true,
  );
}

const PASSWORD = "of-the-guardian";

/** As the playbook makes them. The server is also the client behind its own JSON interface, and so it has no common name either. */
async function makeSecrets(folder: string): Promise<void> {
  const script = fileURLToPath(new URL("../../cluster/roles/secrets/files/issue-certificates", import.meta.url));
  const input = [
    `servers etcd/server - serverAuth,clientAuth IP:${ADDRESS}`,
    "etcd-clients operator/etcd - clientAuth DNS:operator",
  ];
  await runOrThrow([script, folder, "lab"], { deadlineMs: 20_000, input: `${input.join("\n")}\n` });
  const authorities = ["servers", "etcd-clients"].map((name) =>
    readFileSync(join(folder, `authorities/${name}/ca.crt`)),
  );
  writeFileSync(join(folder, "trusted.crt"), Buffer.concat(authorities));
  const logins = { etcd_guardian: { user: "guardian", password: PASSWORD } };
  writeFileSync(join(folder, "logins.json"), JSON.stringify(logins));
}

describe.skipIf(!hasProgram("etcd"))("etcd", () => {
  let folder: string;
  let server: ChildProcess;
  let etcd: Etcd;
  const secret = (file: string) => join(folder, file);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "goldenring-etcd-"));
    await makeSecrets(folder);
    const url = `https://${ADDRESS}:2379`;
    const peer = `http://${ADDRESS}:2380`;
    server = spawn(
      "etcd",
      [
        ...["--data-dir", join(folder, "data"), "--listen-client-urls", url, "--advertise-client-urls", url],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`],
        ...[
          "--cert-file",
          secret("certificates/etcd/server.crt"),
          "--key-file",
          secret("certificates/etcd/server.key"),
        ],
        ...["--trusted-ca-file", secret("trusted.crt"), "--client-cert-auth"],
      ],
      { stdio: "ignore" },
    );
    const members = [machineAt(NOBODY), machineAt(ADDRESS)];
    const inventory: Inventory = {
      file: "/inventory.yml",
      standName: "lab",
      network: "127.88.77.0/24",
      secretsFolder: folder,
      rto: "fast",
      labNamespace: undefined,
      fenceCommand: undefined,
      machines: members,
      replica: { cpu: 0.25, memoryMiB: 128 },
      byRole: () => members,
    };
    etcd = await openEtcd(inventory);
    const answers = () =>
      etcd.leadership().then(
        () => true,
        () => false,
      );
    if (!(await waitUntil(answers, { deadlineMs: 20_000 }))) throw new Error("etcd does not answer");
    await turnOnAuthentication();
  }, 30_000);

  afterAll(async () => {
    etcd.close();
    const gone = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await gone;
    rmSync(folder, { recursive: true });
  });

  let token = "";
  const call = async (path: string, body: object): Promise<string> => {
    const key = ["--cert", secret("certificates/operator/etcd.crt"), "--key", secret("certificates/operator/etcd.key")];
    const options = ["--cacert", secret("authorities/servers/ca.crt"), ...key, "-H", `Authorization: ${token}`];
    const argv = ["curl", "-sS", ...options, "-d", JSON.stringify(body), `https://${ADDRESS}:2379${path}`];
    return runOrThrow(argv, { deadlineMs: 5_000 });
  };
  /** The guardian's rights are those that the playbook gives it (cluster/roles/etcd/tasks/users.yml). */
  const turnOnAuthentication = async (): Promise<void> => {
    const allow = async (permType: string, key: string, end?: string) => {
      const range = end === undefined ? {} : { range_end: base64(end) };
      await call("/v3/auth/role/grant", { name: "guardian", perm: { permType, key: base64(key), ...range } });
    };
    await call("/v3/auth/user/add", { name: "root", password: "of-root" });
    await call("/v3/auth/user/grant", { user: "root", role: "root" });
    await call("/v3/auth/role/add", { name: "guardian" });
    await allow("READWRITE", "/service/lab/leader");
    await allow("WRITE", "/service/lab/failover");
    await allow("READ", "/service/lab/sync");
    await allow("READ", "/service/lab/config");
    await allow("READWRITE", "/guardian/lab/", "/guardian/lab0");
    await call("/v3/auth/user/add", { name: "guardian", password: PASSWORD });
    await call("/v3/auth/user/grant", { user: "guardian", role: "guardian" });
    await call("/v3/auth/enable", {});
    const answer = await call("/v3/auth/authenticate", { name: "root", password: "of-root" });
    ({ token } = JSON.parse(answer));
  };
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const put = (key: string, value: string) =>
    call("/v3/kv/put", { key: base64(`/service/lab/${key}`), value: base64(value) });
  const read = async (key: string): Promise<string | undefined> => {
    const { kvs } = JSON.parse(await call("/v3/kv/range", { key: base64(`/service/lab/${key}`) }));
    return kvs && Buffer.from(kvs[0].value, "base64").toString();
  };

  test("without a leader key there is no leadership", async () => {
    expect(await etcd.leadership()).toBeUndefined();
  });

  test("a login that etcd has forgotten is renewed", async () => {
    await call("/v3/auth/user/changepw", { name: "guardian", password: PASSWORD });
    expect(await etcd.leadership()).toBeUndefined();
  });

  const SYNC = { leader: "pg-01", sync_standby: "pg-02" };

  async function released(sync: object, config: object): Promise<{ isDone: boolean; failover: string | undefined }> {
    await call("/v3/kv/deleterange", { key: base64("/service/lab/failover") });
    await put("leader", "pg-01");
    await put("sync", JSON.stringify(sync));
    await put("config", JSON.stringify(config));
    const leadership = await etcd.leadership();
    const isDone = leadership !== undefined && (await etcd.release(leadership));
    expect(await read("leader")).toBeUndefined();
    return { isDone, failover: await read("failover") };
  }

  test("a leader is released, and the only synchronous standby is told to lead", async () => {
    expect(await released(SYNC, { ttl: 20 })).toEqual({ isDone: true, failover: '{"member":"pg-02"}' });
  });

  test.each([
    ["there is no synchronous standby", { ...SYNC, sync_standby: null }, { pause: false }],
    ["there are two", { ...SYNC, sync_standby: "pg-02,pg-03" }, { pause: false }],
    ["failovers are paused", SYNC, { pause: true }],
  ])("a leader is released without a successor where %s", async (_, sync, config) => {
    expect(await released(sync, config)).toEqual({ isDone: true, failover: undefined });
  });

  test.each([
    ["the synchronous standby changes", "sync", '{"leader":"pg-01","sync_standby":""}'],
    ["failovers are paused", "config", '{"pause":true}'],
  ])("nothing is released where %s meanwhile", async (_, key, value) => {
    await put("leader", "pg-01");
    await put("sync", JSON.stringify(SYNC));
    await put("config", "{}");
    const leadership = await etcd.leadership();
    await put(key, value);
    expect(leadership && (await etcd.release(leadership))).toBe(false);
    expect(await read("leader")).toBe("pg-01");
  });

  test("a release that comes late, when another leads or the same one leads again, changes nothing", async () => {
    await put("leader", "pg-01");
    const old = await etcd.leadership();
    if (old === undefined) throw new Error("no leader");
    await put("leader", "pg-02");
    expect(await etcd.release(old)).toBe(false);
    await put("leader", "pg-02");
    await call("/v3/kv/deleterange", { key: base64("/service/lab/leader") });
    await put("leader", "pg-01");
    expect(await etcd.release(old)).toBe(false);
    expect((await etcd.leadership())?.leader).toBe("pg-01");
  });

  test("guardians share their mode, their last action and the machines that they turned off", async () => {
    await put("leader", "pg-01");
    await put("sync", '{"leader":"pg-01","sync_standby":"pg-02"}');
    const nobody = { leader: "pg-01", synchronous: ["pg-02"], mode: "act", lastAction: undefined, turnedOff: {} };
    expect(await etcd.shared()).toEqual(nobody as Shared);
    expect(await etcd.setMode("pause")).toBe(true);
    expect(await etcd.noteAction(7, "turned pg-01 off")).toBe(true);
    expect(await etcd.noteTurnedOff("pg-01", 6)).toBe(true);
    const noted = { mode: "pause", lastAction: { at: 7, what: "turned pg-01 off" }, turnedOff: { "pg-01": 6 } };
    expect(await etcd.shared()).toEqual({ ...nobody, ...noted } as Shared);
    expect(await etcd.noteTurnedOff("pg-01", undefined)).toBe(true);
    expect((await etcd.shared()).turnedOff).toEqual({});
  });

  test("one guardian acts at a time, and one that has lost the lock learns of it", async () => {
    const lock = await etcd.lockActions("one");
    expect(await etcd.lockActions("two")).toBeUndefined();
    await lock?.confirm();
    await lock?.release();
    const next = await etcd.lockActions("two");
    expect(next).toBeDefined();
    await expect(lock?.confirm() ?? Promise.resolve()).rejects.toThrow(LockLost);
    await next?.confirm();
    await next?.release();
  });

  test("when no member answers by the deadline, the error names them", async () => {
    await stopped(server);
    try {
      await expect(etcd.leadership()).rejects.toThrow(
        /no etcd member answered: .*127\.88\.77\.22.*127\.88\.77\.21: no answer within 1000 ms/s,
      );
    } finally {
      server.kill("SIGCONT");
    }
  });
});
