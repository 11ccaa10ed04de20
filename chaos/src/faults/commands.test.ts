import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stand, StandMachine } from "@goldenring/stand";
import { type FaultUse, prepareFault } from "./registry.ts";

/** The commands run here in a real shell; programs in the machine's place only write down how they were called. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-fault-"));
  mkdirSync(join(folder, "bin"));
  for (const program of ["systemd-run", "systemctl", "stress-ng", "fallocate", "patronictl", "mount"])
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

async function ready(use: FaultUse): Promise<{ readonly inject: string; readonly undo: string }> {
  const fault = await prepareFault(use, machine, site);
  if (fault.by === "lab") throw new Error("it is of the machine");
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
