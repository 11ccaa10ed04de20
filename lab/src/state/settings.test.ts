import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { surplusOf } from "../down.ts";
import { foldersOf } from "../folders.ts";
import { planSettings, type UpOptions, writeSettings } from "./settings.ts";

const home = mkdtempSync(join(tmpdir(), "goldenring-lab-"));
const folders = foldersOf(home, "sized");
mkdirSync(folders.stand, { recursive: true });
afterAll(() => rmSync(home, { recursive: true }));

/** What `ring up` with these options makes of the stand that the call before has made. */
async function settle(options: UpOptions) {
  const settings = await planSettings(folders, options, { image: "image", programs: "kubernetes-x" });
  writeSettings(folders, settings);
  // As the machines' disks do.
  for (const name of settings.machines) mkdirSync(folders.machine(name).folder, { recursive: true });
  const inventory = Bun.YAML.parse(readFileSync(folders.inventory, "utf8")) as Inventory;
  return { settings, replicas: Object.keys(inventory.all.children.api.hosts), vars: inventory.all.vars };
}

interface Inventory {
  readonly all: {
    readonly vars: { readonly api_cpu_percent: number; readonly api_memory_mib: number };
    readonly children: { readonly api: { readonly hosts: object } };
  };
}

test("a stand gets the replicas that are asked for, and keeps their number and size when nothing is asked", async () => {
  const first = await settle({});
  expect(first.replicas).toEqual(["api-01", "api-02", "api-03"]);
  expect(first.vars).toMatchObject({ api_cpu_percent: 25, api_memory_mib: 128 });

  const more = await settle({ replicas: 5 });
  expect(more.replicas).toEqual(["api-01", "api-02", "api-03", "api-04", "api-05"]);
  // The machines that run are as they were.
  expect(more.settings.provisioning).toBe(false);

  const larger = await settle({ replicaCpu: 0.5, replicaMemoryMiB: 256 });
  expect(larger.replicas).toHaveLength(5);
  expect(larger.vars).toMatchObject({ api_cpu_percent: 50, api_memory_mib: 256 });
  // No service is told of smaller limits by the kernel before it has been told by the playbook.
  expect(larger.settings.provisioning).toBe(true);

  writeSettings(folders, { ...larger.settings, provisioning: false });
  expect((await settle({})).settings).toEqual({ ...larger.settings, provisioning: false });
  expect(await surplusOf(folders)).toEqual([]);
});

test("a stand that moves to Kubernetes and back keeps the number and size of its replicas", async () => {
  const pods = await settle({ platform: "kubernetes" });
  expect(pods.replicas).toEqual(["k8s-02", "k8s-03"]);
  expect(pods.vars).toMatchObject({ kubernetes_replicas: 5, api_cpu_percent: 50, api_memory_mib: 256 });
  expect(await surplusOf(folders)).toContain("api-05");
  expect((await settle({})).vars).toEqual(pods.vars);

  const back = await settle({ platform: "machines" });
  expect(back.replicas).toHaveLength(5);
  expect(back.vars).not.toHaveProperty("kubernetes_kubeconfig");
  expect([...(await surplusOf(folders))].sort()).toEqual(["k8s-01", "k8s-02", "k8s-03"]);
  for (const name of ["k8s-01", "k8s-02", "k8s-03"]) rmSync(folders.machine(name).folder, { recursive: true });
});

test("a smaller stand names the machines that it has no more until they are removed", async () => {
  expect((await settle({ replicas: 4 })).replicas).toHaveLength(4);
  expect((await settle({ replicas: 1 })).replicas).toEqual(["api-01"]);
  expect([...(await surplusOf(folders))].sort()).toEqual(["api-02", "api-03", "api-04", "api-05"]);
});
