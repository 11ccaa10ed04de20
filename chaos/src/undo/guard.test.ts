import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runProgram } from "@goldenring/stand";
import type { MachineFault } from "../faults/fault.ts";
import { ENDED_BEFORE, FAULTY_ALREADY, type Guard, guarded, UNDONE_BEFORE, undoAllThere } from "./guard.ts";

const root = mkdtempSync(join(tmpdir(), "goldenring-guard-"));
afterAll(() => rmSync(root, { recursive: true }));

let tests = 0;

/** A fault that is a file. */
function fileFault(id = "a1") {
  tests += 1;
  const folder = join(root, `a folder ${tests}`);
  const victim = join(root, `victim ${tests}`);
  const quoted = `'${victim}'`;
  const fault: MachineFault = {
    by: "machine",
    slot: "file",
    inject: `: >${quoted}`,
    undo: `rm -f ${quoted}`,
    gone: `[ ! -e ${quoted} ]`,
  };
  const guard: Guard = { id, folder, endsAfterSeconds: 60 };
  return {
    folder,
    fault,
    guard,
    isThere: () => existsSync(victim),
    undoFiles: () => readdirSync(folder).filter((name) => name.endsWith(".undo")),
  };
}

const sh = async (script: string): Promise<number> =>
  (await runProgram(["sh", "-c", script], { deadlineMs: 30_000 })).code;

test("the machine knows the undo while the fault is there, and forgets it afterwards", async () => {
  const { fault, guard, isThere, undoFiles } = fileFault();
  const { inject, undo } = guarded(fault, guard);
  expect([await sh(inject), isThere(), undoFiles().length]).toEqual([0, true, 1]);
  expect([await sh(undo), isThere(), undoFiles().length]).toEqual([0, false, 0]);
  expect(await sh(undo)).toBe(0);
});

test("an undo before the injection is done, and keeps a late injection from doing anything", async () => {
  const { fault, guard, isThere } = fileFault();
  const { inject, undo } = guarded(fault, guard);
  expect(await sh(undo)).toBe(0);
  expect([await sh(inject), isThere()]).toEqual([UNDONE_BEFORE, false]);
});

test("injection and undo at the same moment leave nothing, whichever comes first", async () => {
  for (let round = 0; round < 20; round += 1) {
    const { fault, guard, isThere, undoFiles } = fileFault();
    const { inject, undo } = guarded(fault, guard);
    await Promise.all(round % 2 === 0 ? [sh(inject), sh(undo)] : [sh(undo), sh(inject)]);
    expect([isThere(), undoFiles().length]).toEqual([false, 0]);
  }
});

test("an undo reports a fault that something else has ended, but not when it runs a second time", async () => {
  const says = async (script: string): Promise<boolean> =>
    (await runProgram(["sh", "-c", script], { deadlineMs: 30_000 })).stdout.includes(ENDED_BEFORE);
  const whole = fileFault();
  await sh(guarded(whole.fault, whole.guard).inject);
  expect(await says(guarded(whole.fault, whole.guard).undo)).toBe(false);
  expect(await says(guarded(whole.fault, whole.guard).undo)).toBe(false);

  const recovered = fileFault();
  await sh(guarded(recovered.fault, recovered.guard).inject);
  await sh(undoAllThere(recovered.folder));
  expect(await says(guarded(recovered.fault, recovered.guard).undo)).toBe(true);

  for (const outlivesBoot of [true, false]) {
    const booted = fileFault();
    await sh(guarded(booted.fault, booted.guard).inject);
    rmSync(booted.folder, { recursive: true });
    if (!outlivesBoot) await sh(booted.fault.undo);
    expect(await says(guarded(booted.fault, booted.guard).undo)).toBe(!outlivesBoot);
  }

  const reboot = fileFault();
  const momentary = guarded({ ...reboot.fault, mayEndEarly: true }, reboot.guard);
  await sh(momentary.inject);
  rmSync(reboot.folder, { recursive: true });
  await sh(reboot.fault.undo);
  expect(await says(momentary.undo)).toBe(false);
});

test("a second fault of the same slot is refused", async () => {
  const { fault, guard, isThere } = fileFault();
  await sh(guarded(fault, guard).inject);
  expect(await sh(guarded(fault, { ...guard, id: "b2" }).inject)).toBe(FAULTY_ALREADY);
  expect([await sh(guarded(fault, guard).undo), isThere()]).toEqual([0, false]);
});

test("an undo that leaves something reports it, and stays stored", async () => {
  const { fault, guard, undoFiles } = fileFault();
  const { inject, undo } = guarded({ ...fault, undo: ":" }, guard);
  await sh(inject);
  expect([await sh(undo), undoFiles().length]).toEqual([1, 1]);
});

test("a fault ends by itself when nobody undoes it", async () => {
  const { fault, guard, isThere, undoFiles } = fileFault();
  await sh(guarded(fault, { ...guard, endsAfterSeconds: 1 }).inject);
  expect(isThere()).toBe(true);
  await delay(4_000);
  expect([isThere(), undoFiles().length]).toEqual([false, 0]);
  const { stdout } = await runProgram(["sh", "-c", guarded(fault, guard).undo], { deadlineMs: 30_000 });
  expect(stdout).toContain(ENDED_BEFORE);
}, 15_000);

test("a machine can undo everything that it has stored, no matter which run left it", async () => {
  const { fault, guard, folder, isThere } = fileFault();
  expect(await sh(undoAllThere(join(root, "never")))).toBe(0);
  await sh(guarded(fault, guard).inject);
  expect([await sh(undoAllThere(folder)), isThere()]).toEqual([0, false]);
});
