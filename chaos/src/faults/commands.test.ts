import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stand, StandMachine } from "@goldenring/stand";
import type { MachineFault } from "./fault.ts";
import { type FaultUse, prepareFault } from "./registry.ts";

/** The commands run here in a real shell; programs in the machine's place only write down how they were called. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-fault-"));
  mkdirSync(join(folder, "bin"));
  for (const program of ["systemd-run", "systemctl", "stress-ng", "fallocate", "patronictl", "mount", "curl"])
    writeFileSync(join(folder, "bin", program), `#!/bin/sh\necho ${program} "$@" >>${folder}/calls\n`, { mode: 0o755 });
  writeFileSync(join(folder, "bin/df"), "#!/bin/sh\nprintf '  Used    Avail\\n500 500\\n'\n", { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true }));

function runHere(command: string): string[] {
  rmSync(join(folder, "calls"), { force: true });
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` };
  execFileSync("sh", ["-c", command], { env, stdio: "pipe" });
  return existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [];
}

const machine: StandMachine = {
  name: "pg-01",
  address: "10.88.0.2",
  roles: ["postgres"],
  faultFolder: "/nowhere",
  run: async (command) => {
    try {
      runHere(command);
      return { code: 0, stdout: "", stderr: "" };
    } catch {
      return { code: 1, stdout: "", stderr: "" };
    }
  },
};
const site = { stand: { machines: [machine] } as unknown as Stand, resolve: () => ["pg-02"] };

async function ready(use: FaultUse): Promise<MachineFault> {
  const fault = await prepareFault(use, machine, site);
  if (fault.by !== "machine") throw new Error("it is of the machine");
  return fault;
}

test("the CPU is loaded as a service that ends by itself at last", async () => {
  const { inject } = await ready({ fault: "cpu", on: "primary", percent: 100 });
  expect(runHere(inject).at(-1)).toMatch(/RuntimeMaxSec=\d+ .*stress-ng .*--cpu \d+ --cpu-load 100 --timeout \d+s$/);
});

test("memory is taken up to the share, of what is there", async () => {
  const figures = readFileSync("/proc/meminfo", "utf8");
  const [total, available] = ["MemTotal", "MemAvailable"].map((name) =>
    Number(new RegExp(`${name}: +(\\d+)`).exec(figures)?.[1]),
  );
  // Somewhat more than what is in use now, whatever that is.
  const percent = Math.min(95, Math.ceil(100 - ((available ?? 0) / (total ?? 1)) * 100) + 2);
  const { inject } = await ready({ fault: "memory", on: "primary", percent });
  const fill = Number(/--vm-bytes (\d+)k/.exec(runHere(inject).at(-1) ?? "")?.[1]);
  expect(fill).toBeGreaterThan(0);
  expect(fill).toBeLessThan((total ?? 0) * 0.1);
  await expect(ready({ fault: "memory", on: "primary", percent: 1 })).rejects.toThrow(/in use already/);
});

test("the disk is filled up to the share", async () => {
  const use = { fault: "disk-fill", on: "primary", path: folder } as const;
  const { inject } = await ready({ ...use, fill: { percent: 92 } });
  const file = join(folder, ".goldenring-chaos-fill");
  writeFileSync(file, "filled");
  expect(runHere(inject).at(-1)).toBe(`fallocate --length 420 ${file}`);
  await expect(ready({ ...use, fill: { percent: 50 } })).rejects.toThrow(/as full already/);
});

test("a service is stopped, and started again without waiting for it", async () => {
  const { inject, undo } = await ready({ fault: "stop-unit", on: "etcd/1", unit: "etcd" });
  expect(runHere(inject).at(-1)).toBe("systemctl stop etcd");
  expect(runHere(undo).at(-1)).toBe("systemctl start --no-block etcd");
});

test("every program that fits is prevented from starting", async () => {
  for (const version of ["17", "18"]) writeFileSync(join(folder, `postgres-${version}`), "", { mode: 0o755 });
  const { inject } = await ready({ fault: "prevent-start", on: "primary", program: `${folder}/postgres-*` });
  expect(runHere(inject)).toEqual(
    ["17", "18"].map((version) => `mount --bind /bin/false ${folder}/postgres-${version}`),
  );
});

test("a switchover names both machines", async () => {
  const { inject } = await ready({ fault: "switchover", on: "primary", to: "replica" });
  expect(runHere(inject)).toEqual(["patronictl switchover --leader pg-01 --candidate pg-02 --force"]);
});

/** A program in the machine's place. */
const fake = (name: string, script: string): void =>
  writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

test("a frozen process of PostgreSQL does nothing until the undo, and one that is gone needs none", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const ended = once(child, "exit");
  fake("pgrep", `kill -0 ${child.pid} 2>/dev/null && echo ${child.pid}`);
  const state = () => /^State:\t(.)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
  const { inject, undo, gone } = await ready({ fault: "freeze-process", on: "primary", process: "walwriter" });
  runHere(inject);
  expect(state()).toBe("T");
  expect(() => runHere(gone)).toThrow();
  runHere(undo);
  runHere(gone);
  expect(state()).toBe("S");
  child.kill("SIGKILL");
  await ended;
  runHere(undo);
  runHere(gone);
  await expect(ready({ fault: "freeze-process", on: "primary", process: "walwriter" })).rejects.toThrow(
    "no such process",
  );
});

test("the file system that the machine itself needs is never stalled", async () => {
  fake("fsfreeze", "echo called >&2; exit 1");
  const stall = { fault: "disk-stall", on: "primary" } as const;
  await expect(ready({ ...stall, path: "/" })).rejects.toThrow("no file system apart from");
  await expect(ready({ ...stall, path: tmpdir() })).rejects.toThrow("no file system apart from");
  fake("stat", "case $* in *data*) echo 2 ;; *) echo 1 ;; esac");
  const { gone } = await ready({ ...stall, path: "/data" });
  expect(() => runHere(gone)).toThrow();
  fake("fsfreeze", 'echo "unfreeze failed: Invalid argument" >&2; exit 1');
  runHere(gone);
});

test("a disk is slowed down by the unit's limits, and only where the kernel has them", async () => {
  const slow = {
    fault: "disk-slow",
    on: "primary",
    path: "/data",
    unit: "patroni",
    bytesPerSecond: 1_000_000,
  } as const;
  fake("grep", "case $* in *cgroup.controllers) exit 0 ;; *) exit 1 ;; esac");
  const { inject, undo } = await ready(slow);
  // The kernel does not show the limit afterwards.
  expect(() => runHere(inject)).toThrow();
  expect(readFileSync(join(folder, "calls"), "utf8")).toContain("IOWriteBandwidthMax=/data 1000000");
  expect(runHere(undo).at(0)).toContain("IOReadBandwidthMax= IOWriteBandwidthMax=");
});

test("the connections are held by a service that ends by itself, and there are none left", async () => {
  fake("python3", ":");
  fake("runuser", "echo 0");
  const { inject } = await ready({ fault: "connections", on: "primary" });
  expect(runHere(inject).join("\n")).toMatch(/RuntimeMaxSec=\d+ .*User=postgres python3 -c/);
});

test("etcd's alarm is raised for this member, and refused where one is raised already", async () => {
  fake(
    "ring-etcdctl",
    `case $* in "alarm list") [ ! -e ${folder}/calls ] || echo NOSPACE ;; *) echo '"MemberID" : 123' ;; esac`,
  );
  const alarm = { fault: "etcd-alarm", on: "etcd/1" } as const;
  const { inject } = await ready(alarm);
  expect(runHere(inject).at(-1)).toContain('{"action":"ACTIVATE","memberID":"123","alarm":"NOSPACE"}');
  fake("ring-etcdctl", "echo memberID:123 alarm:NOSPACE");
  await expect(ready(alarm)).rejects.toThrow("raised already");
});
