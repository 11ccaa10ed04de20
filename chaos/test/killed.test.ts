import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { thisComputer } from "@goldenring/stand";
import { takeEngineLock } from "../src/engine/lock.ts";
import { undoOpenFaults } from "../src/engine/run-experiment.ts";
import { openFaults } from "../src/undo/open-fault.ts";

const PROGRAM = fileURLToPath(new URL("injecting-program.ts", import.meta.url));
const KILLS = 60;
const MAX_KILLS = 3 * KILLS;
/** Else the kills came at the wrong moments, and nothing was shown. */
const MIN_OPEN = KILLS / 4;
const folder = mkdtempSync(join(tmpdir(), "goldenring-killed-"));
afterAll(async () => {
  // The machine's own timers look once a second whether they are still needed.
  await delay(1_500);
  rmSync(folder, { recursive: true });
});

const victim = join(folder, "victim");
const stand = thisComputer(folder);
const faults = stand.operator.faultFolder;

const undoFiles = (): string[] =>
  existsSync(faults) ? readdirSync(faults).filter((name) => name.endsWith(".undo")) : [];

/** Runs the program until its first fault may come, and then for as long as the promise takes. */
async function killAfter(isEnough: (output: Readable) => Promise<unknown>): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, folder, victim], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await isEnough(child.stdout);
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** How long one fault and its undo take on this computer, as busy as it is. */
async function measureFault(): Promise<number> {
  let startedAt = 0;
  await killAfter((output) => {
    startedAt = performance.now();
    return once(output, "data");
  });
  return performance.now() - startedAt;
}

/** @returns how many faults it had open when it was killed */
async function killAtRandom(maxMs: number): Promise<number> {
  await killAfter(() => delay(Math.random() * maxMs));
  return openFaults(folder).list().length;
}

test("whenever a process that injects faults is killed, a recovery leaves nothing of them, late ones included", async () => {
  mkdirSync(victim);
  const faultMs = await measureFault();
  let open = 0;
  // The computer may be less busy than when the fault was measured: then more kills come after it.
  for (let kill = 0; kill < KILLS || (open < MIN_OPEN && kill < MAX_KILLS); kill += 1) {
    open += await killAtRandom(faultMs);
    const lock = await takeEngineLock(folder, "recover");
    const { notUndone } = await undoOpenFaults(stand, () => {});
    lock.release();
    expect([notUndone, openFaults(folder).list(), undoFiles(), readdirSync(victim)]).toEqual([[], [], [], []]);
  }
  // What the killed ones had started may still have been under way.
  await delay(500);
  expect([undoFiles(), readdirSync(victim)]).toEqual([[], []]);
  expect(open).toBeGreaterThanOrEqual(MIN_OPEN);
}, 180_000);

test("while one process may inject faults, another one is refused, and learns who it is", async () => {
  const lock = await takeEngineLock(folder, "CE-01");
  await expect(takeEngineLock(folder, "CE-02")).rejects.toThrow(`CE-01 (process ${process.pid})`);
  lock.release();
  await delay(50);
  (await takeEngineLock(folder, "CE-02")).release();
});
