import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Inventory, type Machine, runOrThrow, waitUntil } from "@goldenring/stand";
import { hasProgram } from "../../skips.fixture.ts";
import { type Etcd, openEtcd } from "./etcd.ts";

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

async function makeCertificates(folder: string): Promise<void> {
  mkdirSync(join(folder, "ca"));
  mkdirSync(join(folder, "certificates"));
  writeFileSync(join(folder, "names"), `subjectAltName=IP:${ADDRESS}`);
  const script = `set -e; cd "$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -keyout ca/ca.key -out ca/ca.crt -days 1
    for name in server operator; do
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$name -keyout certificates/$name.key -out $name.csr
      openssl x509 -req -in $name.csr -CA ca/ca.crt -CAkey ca/ca.key -CAcreateserial -extfile names -out certificates/$name.crt -days 1
    done`;
  await runOrThrow(["sh", "-c", script, "sh", folder], { deadlineMs: 20_000 });
}

describe.skipIf(!hasProgram("etcd"))("etcd", () => {
  let folder: string;
  let server: ChildProcess;
  let etcd: Etcd;
  const secret = (file: string) => join(folder, file);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "goldenring-etcd-"));
    await makeCertificates(folder);
    const url = `https://${ADDRESS}:2379`;
    const peer = `http://${ADDRESS}:2380`;
    server = spawn(
      "etcd",
      [
        ...["--data-dir", join(folder, "data"), "--listen-client-urls", url, "--advertise-client-urls", url],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`],
        ...["--cert-file", secret("certificates/server.crt"), "--key-file", secret("certificates/server.key")],
        ...["--trusted-ca-file", secret("ca/ca.crt"), "--client-cert-auth"],
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
      byRole: () => members,
    };
    etcd = await openEtcd(inventory);
    const answers = () =>
      etcd.leadership().then(
        () => true,
        () => false,
      );
    if (!(await waitUntil(answers, { deadlineMs: 20_000 }))) throw new Error("etcd does not answer");
  }, 30_000);

  afterAll(async () => {
    etcd.close();
    const gone = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await gone;
    rmSync(folder, { recursive: true });
  });

  const call = async (path: string, body: object): Promise<string> => {
    const certificate = ["--cert", secret("certificates/operator.crt"), "--key", secret("certificates/operator.key")];
    const options = ["--cacert", secret("ca/ca.crt"), ...certificate];
    const argv = ["curl", "-sS", ...options, "-d", JSON.stringify(body), `https://${ADDRESS}:2379${path}`];
    return runOrThrow(argv, { deadlineMs: 5_000 });
  };
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const put = (key: string, value: string) =>
    call("/v3/kv/put", { key: base64(`/service/lab/${key}`), value: base64(value) });
  const exists = async (key: string) =>
    (await call("/v3/kv/range", { key: base64(`/service/lab/${key}`) })).includes('"kvs"');

  test("without a leader key there is no leadership", async () => {
    expect(await etcd.leadership()).toBeUndefined();
  });

  test("a leader is released with its member key, and nothing else", async () => {
    await put("leader", "pg-01");
    await put("members/pg-01", "{}");
    await put("members/pg-02", "{}");
    const leadership = await etcd.leadership();
    expect(leadership?.leader).toBe("pg-01");
    expect(leadership && (await etcd.release(leadership))).toBe(true);
    expect([await exists("leader"), await exists("members/pg-01"), await exists("members/pg-02")]).toEqual([
      ...[false, false, true],
    ]);
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

  test("when no member answers by the deadline, the error names them", async () => {
    await stopped(server);
    try {
      await expect(etcd.leadership()).rejects.toThrow(
        /no etcd member answered: .*127\.88\.77\.22.*127\.88\.77\.21: .*abort/s,
      );
    } finally {
      server.kill("SIGCONT");
    }
  });
});
