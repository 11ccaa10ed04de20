import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Inventory, type Machine, runOrThrow } from "@goldenring/stand";
import { hasProgram } from "../../skips.fixture.ts";
import { openNodes } from "./nodes.ts";

/** What an API server does with a node, on a loopback address of its own. */
const ADDRESS = "127.88.77.71";
const OURS = { key: "node.kubernetes.io/out-of-service", value: "goldenring-guardian", effect: "NoExecute" };
const OF_A_PERSON = { ...OURS, value: "nodeshutdown" };
const OTHER = { key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" };

const machineNamed = (name: string): Machine => ({
  name,
  address: ADDRESS,
  roles: ["kubernetes"],
  ssh: { user: undefined, port: undefined, keyFile: undefined, args: [], sudo: false },
});

const folder = mkdtempSync(join(tmpdir(), "goldenring-nodes-"));
const file = (name: string) => Bun.file(join(folder, name));
let taints: readonly object[] = [];
let version = 7;
let server: Bun.Server<undefined> | undefined;

const node = () => ({ metadata: { name: "k8s-02", resourceVersion: String(version) }, spec: { taints } });

beforeAll(async () => {
  if (!hasProgram("openssl")) return;
  const script = fileURLToPath(new URL("../../cluster/roles/secrets/files/issue-certificates", import.meta.url));
  const lines = [
    `kubernetes k8s-01/kube-apiserver kube-apiserver serverAuth IP:${ADDRESS}`,
    "kubernetes operator/kubernetes operator/O=system:masters clientAuth DNS:operator",
  ];
  await runOrThrow([script, folder, "lab"], { deadlineMs: 20_000, input: `${lines.join("\n")}\n` });
  server = Bun.serve({
    hostname: ADDRESS,
    port: 6443,
    tls: {
      cert: file("certificates/k8s-01/kube-apiserver.crt"),
      key: file("certificates/k8s-01/kube-apiserver.key"),
      ca: file("authorities/kubernetes/ca.crt"),
      requestCert: true,
      rejectUnauthorized: true,
    },
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/api/v1/nodes") return Response.json({ items: [node()] });
      if (request.method !== "PATCH") return Response.json(node());
      expect(request.headers.get("content-type")).toBe("application/json-patch+json");
      const [check, change] = (await request.json()) as [{ value: string }, { value: object[] }];
      if (check.value !== String(version)) return new Response("somebody changed it", { status: 422 });
      taints = change.value;
      version += 1;
      return Response.json(node());
    },
  });
});
afterAll(async () => {
  await server?.stop(true);
  rmSync(folder, { recursive: true });
});

async function nodes() {
  const machines = [machineNamed("k8s-01"), machineNamed("k8s-02")];
  const inventory = { secretsFolder: folder, byRole: () => machines } as unknown as Inventory;
  return (await openNodes(inventory)) ?? expect.unreachable("there are nodes");
}

test.skipIf(!hasProgram("openssl"))("a node that is off gets the taint once, beside those that it has", async () => {
  taints = [OTHER];
  const { machines, takeOut } = await nodes();
  expect(machines.map(({ name }) => name)).toEqual(["k8s-02"]);
  await takeOut("k8s-02");
  const before = version;
  await takeOut("k8s-02");
  expect(taints).toEqual([OTHER, OURS]);
  expect(version).toBe(before);
});

test.skipIf(!hasProgram("openssl"))(
  "it loses the taint when it is back, and only that which a guardian set",
  async () => {
    taints = [OF_A_PERSON, OURS, OTHER];
    const { letIn } = await nodes();
    expect(await letIn(async () => false)).toEqual([]);
    expect(taints).toHaveLength(3);
    expect(await letIn(async (name) => name === "k8s-02")).toEqual(["k8s-02"]);
    expect(taints).toEqual([OF_A_PERSON, OTHER]);
    const before = version;
    expect(await letIn(async () => true)).toEqual([]);
    expect(version).toBe(before);
  },
);

test.skipIf(!hasProgram("openssl"))("a change that somebody else made at the same moment stays", async () => {
  taints = [OURS];
  const { letIn } = await nodes();
  const meanwhile = async () => {
    version += 1;
    return true;
  };
  await expect(letIn(meanwhile)).rejects.toThrow("the API server answers 422: somebody changed it");
  expect(taints).toEqual([OURS]);
});
