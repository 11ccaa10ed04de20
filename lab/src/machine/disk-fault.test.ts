import { afterAll, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DiskFault, runProgram } from "@goldenring/stand";
import { foldersOf } from "../folders.ts";
import { diskFaultScripts, endDiskFault, hasDiskFault } from "./disk-fault.ts";
import type { StandGroups } from "./groups.ts";

const home = mkdtempSync(join(tmpdir(), "goldenring-disk-"));
afterAll(() => rmSync(home, { recursive: true }));

const programs = join(home, "bin");
const folder = foldersOf(home, "x").machine("pg-01");
const frozen = join(folder.folder, "frozen");
const blkio = join(home, "blkio/ring-x");
const throttles = ["ring-x/pg-01", "."].flatMap((group) =>
  ["write", "read"].map((kind) => join(home, "blkio", group, `blkio.throttle.${kind}_bps_device`)),
);
const version1: StandGroups = { version: 1, byController: new Map([["blkio", blkio]]), folders: [blkio] };
const disk = { name: "pg-01", folder, groups: version1 };

/** The scripts run in a real shell; programs in the place of the kernel keep its state in a file. */
beforeEach(() => {
  const fakes = {
    losetup: `[ ! -e ${home}/off ] || exit 0; case "$*" in *MAJ*) echo "  7:3  " ;; *) echo /dev/loop3 ;; esac`,
    unshare: 'shift; exec "$@"',
    mount: "[ ! -e broken ]",
    fsfreeze:
      'case $1 in --freeze) : >frozen ;; *) rm frozen 2>/dev/null || { echo "unfreeze failed: Invalid argument"; exit 1; } ;; esac',
  };
  for (const path of [programs, folder.folder, join(blkio, "pg-01")]) mkdirSync(path, { recursive: true });
  for (const [name, script] of Object.entries(fakes))
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  for (const file of throttles) writeFileSync(file, "");
});

const sh = (script: string) => runProgram(["sh", "-c", `PATH=${programs}:$PATH; ${script}`], { deadlineMs: 10_000 });
const codeOf = async (script: string): Promise<number> => (await sh(script)).code;

test("a stalled disk is frozen until its undo, which may run again and before", async () => {
  const { check, inject, undo, gone } = diskFaultScripts(disk, { kind: "stall" });
  expect([await codeOf(undo), await codeOf(check), await codeOf(gone)]).toEqual([0, 0, 0]);
  expect([await codeOf(inject), existsSync(frozen), hasDiskFault(disk)]).toEqual([0, true, true]);
  expect([await codeOf(gone), existsSync(frozen)]).not.toEqual([0, true]);
  expect([await codeOf(undo), existsSync(frozen), hasDiskFault(disk), await codeOf(gone)]).toEqual([
    0,
    false,
    false,
    0,
  ]);
  expect(await codeOf(undo)).toBe(0);
});

test("a disk that cannot be thawed counts as stalled", async () => {
  const { inject, undo, gone } = diskFaultScripts(disk, { kind: "stall" });
  await sh(inject);
  writeFileSync(join(folder.folder, "broken"), "");
  expect([await codeOf(undo), hasDiskFault(disk), await codeOf(gone)]).toEqual([1, true, 1]);
  await sh(`rm ${folder.folder}/broken`);
  expect([await codeOf(undo), hasDiskFault(disk), await codeOf(gone)]).toEqual([0, false, 0]);
});

const SLOW: DiskFault = { kind: "slow", bytesPerSecond: 1_000_000 };

test("a slow disk has its limit for the machine's processes and for the kernel's, until any undo", async () => {
  const { check, inject, gone } = diskFaultScripts(disk, SLOW);
  const limits = () => throttles.map((file) => readFileSync(file, "utf8"));
  expect([await codeOf(check), await codeOf(inject), await codeOf(gone)]).toEqual([0, 0, 1]);
  expect(limits()).toEqual(Array(4).fill("7:3 1000000\n"));
  // Also when the machine has been turned off since, and the device belongs to nobody.
  writeFileSync(join(home, "off"), "");
  const path = process.env.PATH;
  process.env.PATH = `${programs}:${path}`;
  await endDiskFault(disk);
  process.env.PATH = path;
  expect([limits(), await codeOf(gone)]).toEqual([Array(4).fill("7:3 0\n"), 0]);
  expect((await sh(check)).stderr).toContain("it is off");
  await sh(`rm ${home}/off`);
});

test("cgroup version 2 has one file for both; a kernel that cannot throttle is refused", async () => {
  const { check, inject, undo } = diskFaultScripts({ ...disk, groups: { ...version1, version: 2 } }, SLOW);
  expect((await sh(check)).stderr).toContain("cannot throttle");
  const file = join(blkio, "pg-01/io.max");
  writeFileSync(file, "");
  await sh(inject);
  expect(readFileSync(file, "utf8")).toBe("7:3 rbps=1000000 wbps=1000000\n");
  await sh(undo);
  expect(readFileSync(file, "utf8")).toBe("7:3 rbps=max wbps=max\n");
});
