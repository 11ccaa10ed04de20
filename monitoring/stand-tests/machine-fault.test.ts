import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  boundedFault,
  cpuLoad,
  diskFilled,
  memoryInUse,
  postgresKeptDead,
  stopped,
  UNDO_ALL,
} from "./machine-fault.ts";

/** The commands run here in a real shell, with programs in the machine's place that only write down how they were called. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-fault-"));
  mkdirSync(join(folder, "bin"));
  for (const program of ["systemd-run", "systemctl", "stress-ng", "fallocate"]) {
    writeFileSync(join(folder, "bin", program), `#!/bin/sh\necho ${program} "$@" >>${folder}/calls\n`, { mode: 0o755 });
  }
  writeFileSync(join(folder, "bin/df"), "#!/bin/sh\nprintf '  1B-blocks    Avail\\n1000 500\\n'\n", { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const local = (command: string): string => command.replaceAll("/run/ring-fault", join(folder, "faults"));

/** @returns what was called */
function runHere(command: string): string[] {
  rmSync(join(folder, "calls"), { force: true });
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` };
  execFileSync("sh", ["-c", local(command)], { env, stdio: "pipe" });
  return existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [];
}

describe("a fault", () => {
  const file = () => join(folder, "thing");
  const fault = () => boundedFault("thing", `echo broken >${file()}`, `rm -f ${file()}`);

  test("has its undoing written down and a timer before it is made", () => {
    const calls = runHere(fault().inject);
    expect(readFileSync(join(folder, "faults/thing"), "utf8")).toBe(`rm -f ${file()}\n`);
    expect(calls).toEqual([
      `systemd-run --quiet --collect --unit=ring-fault-end-thing --on-active=300 sh ${join(folder, "faults/thing")}`,
    ]);
    expect(existsSync(file())).toBe(true);
  });

  test("is undone by its undoing, by the machine's timer, and by whoever puts all right", () => {
    const ways = [fault().undo, `sh ${join(folder, "faults/thing")}`, UNDO_ALL];
    for (const way of ways) {
      runHere(fault().inject);
      runHere(way);
      expect(existsSync(file())).toBe(false);
    }
  });

  test("may be undone twice, and when it was never made", () => {
    runHere(fault().undo);
    runHere(UNDO_ALL);
    runHere(fault().inject);
    runHere(fault().undo);
    runHere(fault().undo);
    expect(existsSync(join(folder, "faults/thing"))).toBe(false);
  });

  test("that cannot be undone fails, and stays written down", () => {
    const stuck = boundedFault("stuck", ":", "exit 1");
    runHere(stuck.inject);
    expect(() => runHere(stuck.undo)).toThrow();
    expect(() => runHere(UNDO_ALL)).toThrow();
    expect(existsSync(join(folder, "faults/stuck"))).toBe(true);
  });
});

test("the CPU is loaded for so long and no longer", () => {
  const calls = runHere(cpuLoad(240).inject);
  expect(calls.at(-1)).toMatch(/RuntimeMaxSec=240 .*stress-ng --cpu \d+ --cpu-load 100 --timeout 240s$/);
});

test("memory is taken up to the share, of what is there", () => {
  const figures = readFileSync("/proc/meminfo", "utf8");
  const [total, available] = ["MemTotal", "MemAvailable"].map((name) =>
    Number(new RegExp(`${name}: +(\\d+)`).exec(figures)?.[1]),
  );
  // Somewhat more than what is in use now, whatever that is.
  const percent = Math.min(99, Math.ceil(100 - ((available ?? 0) / (total ?? 1)) * 100) + 2);
  const fill = Number(/--vm-bytes (\d+)k/.exec(runHere(memoryInUse(percent).inject).at(-1) ?? "")?.[1]);
  expect(fill).toBeGreaterThan(0);
  expect(fill).toBeLessThan((total ?? 0) * 0.1);
  expect(() => runHere(memoryInUse(0).inject)).toThrow(/in use already/);
});

test("the disk is filled up to the share", () => {
  expect(runHere(diskFilled(92).inject).at(-1)).toBe("fallocate --length 420 /var/lib/ring-fault.fill");
  expect(() => runHere(diskFilled(50).inject)).toThrow(/as full already/);
});

test("a service is stopped, and started again without waiting for it", () => {
  expect(runHere(stopped("etcd").inject).at(-1)).toBe("systemctl stop etcd");
  expect(runHere(stopped("etcd").undo)[0]).toBe("systemctl start --no-block etcd");
});

test("what keeps postgres dead is shell that can be read", () => {
  const { inject, undo } = postgresKeptDead();
  for (const command of [inject, undo]) execFileSync("sh", ["-n", "-c", command]);
});
