import { expect, test } from "bun:test";
import { type Completed, type LabControl, runProgram, type Stand, type StandMachine } from "@goldenring/stand";
import { stringify } from "yaml";
import { expectTableInDocs } from "../../../docs-table.fixture.ts";
import { exportsOfFolder } from "../../../folder-exports.fixture.ts";
import { guarded } from "../undo/guard.ts";
import { NotAvailable, type Site } from "./fault.ts";
import { descriptionOf, FAULTS, FaultUse, prepareFault } from "./registry.ts";

const DONE: Completed = { code: 0, stdout: "", stderr: "" };
const nothing = async (): Promise<void> => {};
const lab: LabControl = {
  powerOff: nothing,
  powerOn: nothing,
  isOff: async () => false,
  loss: nothing,
  cut: nothing,
  heal: nothing,
  diskFault: async () => ({ check: ":", inject: ":", undo: ":", gone: ":" }),
  faults: async () => ({ loss: { "pg-02": { in: 1, out: 0 } }, cut: [], disk: [] }),
};

/** Fit for every fault, or for none. */
function siteOf(host: LabControl | undefined, answer: Completed = DONE): { site: Site; machine: StandMachine } {
  const machine: StandMachine = {
    name: "pg-01",
    address: "10.88.0.11",
    roles: ["postgres"],
    faultFolder: "/run/goldenring-chaos",
    run: async (command) => (command.includes("{.spec.replicas}") ? { ...answer, stdout: "3 a/b:1 " } : answer),
  };
  const stand: Stand = {
    name: "test",
    folder: "/nowhere",
    machines: [
      machine,
      { ...machine, name: "pg-02", address: "10.88.0.12" },
      { ...machine, name: "k8s-01", address: "10.88.0.71", roles: ["kubernetes"] },
    ],
    operator: { ...machine, name: "operator", roles: [] },
    inventory: undefined,
    lab: host,
    guardian: () => ({ pid: process.pid, coolDownMs: 0, newest: [], recordedSince: () => "" }),
    again: () => stand,
    disconnect: () => {},
  };
  return { machine, site: { stand, resolve: (target) => [target === "replica" ? "pg-02" : target] } };
}

const USES: readonly FaultUse[] = [
  { fault: "reboot", on: "primary" },
  { fault: "power-off", on: "primary" },
  { fault: "stop-unit", on: "etcd/1", unit: "etcd" },
  { fault: "restart-unit", on: "api/1", unit: "goldenring-api" },
  { fault: "kill-unit", on: "etcd/1", unit: "etcd", staysDead: true },
  { fault: "kill-process", on: "primary", pidFile: "/var/lib/postgresql/*/main/postmaster.pid" },
  { fault: "prevent-start", on: "primary", program: "/usr/lib/postgresql/*/bin/postgres" },
  { fault: "switchover", on: "primary", to: "replica" },
  { fault: "freeze-unit", on: "primary", unit: "patroni" },
  { fault: "freeze-guardian", on: "operator" },
  { fault: "loss", on: "primary", percent: 30, direction: "both" },
  { fault: "delay", on: "primary", ms: 100, jitterMs: 10 },
  { fault: "freeze-process", on: "primary", process: "all" },
  { fault: "cut", on: "primary", direction: "both" },
  { fault: "cut", on: "primary", from: ["replica"], port: 5_432, direction: "in" },
  { fault: "cpu", on: "primary", percent: 90 },
  { fault: "memory", on: "primary", percent: 80 },
  { fault: "disk-fill", on: "primary", path: "/var/lib", fill: { percent: 92 } },
  { fault: "disk-io", on: "primary", path: "/var/lib", writers: 4 },
  { fault: "disk-stall", on: "primary", path: "/var/lib/postgresql" },
  { fault: "disk-slow", on: "primary", path: "/var/lib/postgresql", unit: "patroni", bytesPerSecond: 1_000_000 },
  { fault: "connections", on: "primary" },
  { fault: "etcd-alarm", on: "etcd/1" },
  { fault: "kill-pod", on: "pod/any" },
  { fault: "kill-pod", on: "pod/all-of-one-node" },
  { fault: "rolling-restart", on: "deployment" },
  { fault: "upgrade", on: "deployment", to: "broken" },
  { fault: "scale", on: "deployment", replicas: 6 },
  { fault: "drain", on: "node" },
];

test("every kind of fault in this folder has a line in registry.ts", async () => {
  const listed = new Set<unknown>(Object.values(FAULTS));
  const kinds = (await exportsOfFolder(import.meta.dir)).filter(({ value }) => isKind(value));
  expect(kinds.length).toBeGreaterThanOrEqual(listed.size);
  expect(kinds.filter(({ value }) => !listed.has(value)).map(({ label }) => label)).toEqual([]);
});

function isKind(value: unknown): boolean {
  return typeof value === "object" && value !== null && ["form", "about", "prepare"].every((field) => field in value);
}

test("every fault of registry.ts is named as its form says, and is in USES, the list of this test", () => {
  for (const [name, { form }] of Object.entries(FAULTS)) expect(form.shape.fault.value).toBe(name as FaultUse["fault"]);
  const used = new Set<string>(USES.map(({ fault }) => fault));
  expect(Object.keys(FAULTS).filter((name) => !used.has(name))).toEqual([]);
});

test("docs/chaos.md has every fault with its options", () => {
  const rows = Object.entries(FAULTS).map(([name, { form, about }]) => {
    const options = Object.keys(form.shape).filter((option) => option !== "fault" && option !== "on");
    const example = stringify(
      USES.find(({ fault }) => fault === name),
      { collectionStyle: "flow", lineWidth: 0 },
    ).trim();
    return [`\`${name}\``, options.map((option) => `\`${option}\``).join(", "), about, `\`${example}\``];
  });
  expectTableInDocs("chaos.md", "faults", [["fault", "options", "what it does", "example"], ...rows]);
});

test("each is data before and after: what it asks for, and what undoes it", async () => {
  for (const host of [lab, undefined]) {
    const { site, machine } = siteOf(host);
    for (const use of USES.filter(({ fault }) => host || fault !== "power-off")) {
      expect(FaultUse.parse(JSON.parse(JSON.stringify(use)))).toEqual(use);
      expect(descriptionOf(use).length).toBeGreaterThan(5);
      const ready = await prepareFault(use, machine, site);
      expect(JSON.parse(JSON.stringify(ready))).toEqual(ready);
    }
  }
});

test("what runs on machines is shell that a shell can read", async () => {
  const { site, machine } = siteOf(undefined);
  for (const use of USES.filter(({ fault }) => fault !== "power-off")) {
    const ready = await prepareFault(use, machine, site);
    if (ready.by === "lab") throw new Error("there is no host here");
    const scripts = guarded(ready, { id: "a1", folder: "/run/x", endsAfterSeconds: 60 });
    for (const script of [ready.inject, ready.undo, ready.gone, ...Object.values(scripts)]) {
      const { code, stderr } = await runProgram(["sh", "-n", "-c", script], { deadlineMs: 10_000 });
      expect([use.fault, code, stderr]).toEqual([use.fault, 0, ""]);
    }
  }
});

test("faults of network and power are injected by the host in the lab, otherwise on the machine or not at all", async () => {
  const [withHost, without] = [siteOf(lab), siteOf(undefined)];
  const loss = { fault: "loss", on: "primary", percent: 30, direction: "out" } as const;
  expect(await prepareFault(loss, withHost.machine, withHost.site)).toMatchObject({ by: "lab", undo: { do: "heal" } });
  const inside = await prepareFault(loss, without.machine, without.site);
  expect(inside).toMatchObject({ by: "machine" });
  expect(JSON.stringify(inside)).not.toContain("nft");
  const off = { fault: "power-off", on: "primary" } as const;
  await expect(prepareFault(off, without.machine, without.site)).rejects.toThrow("not available here");
});

test("a disk is stalled and slowed down by the host in the lab, which can end it whatever the machine waits for", async () => {
  const { site, machine } = siteOf(lab);
  for (const use of USES.filter(({ fault }) => fault === "disk-stall" || fault === "disk-slow"))
    expect(await prepareFault(use, machine, site)).toMatchObject({ by: "host", slot: "disk-pg-01", mayEndEarly: true });
});

test("a kernel without netem cannot have a delay, which is no fault of the machine", async () => {
  const { site } = siteOf(undefined);
  const run: StandMachine["run"] = async (command) => ({ ...DONE, code: command.startsWith("modprobe") ? 2 : 0 });
  const [machine] = site.stand.machines;
  const delay = { fault: "delay", on: "primary", ms: 200, jitterMs: 0 } as const;
  await expect(prepareFault(delay, { ...(machine as StandMachine), run }, site)).rejects.toBeInstanceOf(NotAvailable);
});

test("a changed deployment becomes what it was before the fault, and a node is drained from the control plane", async () => {
  const { site, machine } = siteOf(lab);
  const upgrade = await prepareFault({ fault: "upgrade", on: "deployment", to: "broken" }, machine, site);
  expect(upgrade).toMatchObject({
    inject: expect.stringContaining('"image":"localhost/goldenring-chaos:none"'),
    undo: expect.stringContaining(
      '"annotations":{"chaos":null}},"spec":{"containers":[{"name":"api","image":"a/b:1"}]',
    ),
    gone: expect.stringContaining('= "3 a/b:1" ]'),
  });
  const scale = await prepareFault({ fault: "scale", on: "deployment", replicas: 6 }, machine, site);
  expect(scale).toMatchObject({ undo: expect.stringContaining(`--patch='{"spec":{"replicas":3}}'`) });
  expect(await prepareFault({ fault: "drain", on: "node" }, machine, site)).toMatchObject({ at: "k8s-01" });
});

test("faults of Kubernetes are not available where the API runs on machines, nor those of its unit where it runs in pods", async () => {
  const { site, machine } = siteOf(lab);
  const machines = { ...site, stand: { ...site.stand, machines: [machine] } };
  await expect(prepareFault({ fault: "drain", on: "node" }, machine, machines)).rejects.toBeInstanceOf(NotAvailable);
  const node: StandMachine = { ...machine, roles: ["api", "kubernetes"] };
  const stop = { fault: "stop-unit", on: "api/1", unit: "goldenring-api" } as const;
  await expect(prepareFault(stop, node, site)).rejects.toBeInstanceOf(NotAvailable);
});

test("a machine that is not fit is refused: a unit that does not run, a network that is faulty already, itself to be cut off from", async () => {
  const { site, machine } = siteOf(lab, { code: 3, stdout: "", stderr: "" });
  const stop = { fault: "stop-unit", on: "primary", unit: "patroni" } as const;
  await expect(prepareFault(stop, machine, site)).rejects.toThrow("patroni does not run there");
  const fit = siteOf(lab);
  const [, second] = fit.site.stand.machines;
  if (!second) throw new Error("there are two");
  const cut = { fault: "cut", direction: "both" } as const;
  await expect(prepareFault({ ...cut, on: "replica" }, second, fit.site)).rejects.toThrow(
    "already has a fault of the network",
  );
  await expect(prepareFault({ ...cut, on: "primary", from: ["pg-01"] }, fit.machine, fit.site)).rejects.toThrow(
    "cut off from itself",
  );
});

test.each([
  "a b",
  "it's",
  '"',
  "$(id)",
  "`id`",
  "a;id",
  "a\nid",
  "../etc",
  "a/../../etc",
  "/-rf/..",
  "a\u001b[2J",
  "é",
])("no option takes %j: what gets into a command line is a plain name", (hostile) => {
  for (const use of USES) {
    for (const [option, value] of Object.entries(use)) {
      if (typeof value !== "string" && !Array.isArray(value)) continue;
      const changed = {
        ...use,
        [option]: Array.isArray(value) ? [hostile] : value[0] === "/" ? `/${hostile}` : hostile,
      };
      expect(FaultUse.safeParse(changed)).toMatchObject({ success: false });
    }
  }
});
