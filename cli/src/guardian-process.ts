import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type GuardianReport, readGuardianReport } from "@goldenring/guardian";
import { type Inventory, inNamespace } from "@goldenring/inventory";
import { RingError } from "./exit.ts";

const PROGRAM = fileURLToPath(new URL("main.ts", import.meta.url));
/** How a guardian's command line ends: the stand's inventory tells it from another stand's. */
const commandOf = (inventoryFile: string): string[] => ["guardian", "--watch-lab", inventoryFile];

/** Milliseconds. */
const START_DEADLINE = 10_000;
const STOP_DEADLINE = 3_000;
const STALE_AFTER = 5_000;

export interface GuardianProcess {
  readonly isRunning: boolean;
  /** The last one that it left; undefined when there never was a guardian. */
  readonly report: GuardianReport | undefined;
}

/** A guardian whose report is old hangs, and does not count as running. */
export function guardianOf(folder: string, inventoryFile: string): GuardianProcess {
  const report = readGuardianReport(folder);
  const isRunning =
    report !== undefined &&
    isGuardian(report.pid, inventoryFile) &&
    Date.now() - Date.parse(report.aliveAt) < STALE_AFTER;
  return { isRunning, report };
}

/** Starts the lab's guardian in the background unless it runs; resolves when it watches. */
export async function startGuardian(folder: string, inventory: Inventory): Promise<void> {
  if (guardianOf(folder, inventory.file).isRunning) return;
  await stopGuardian(folder, inventory.file);
  const output = join(folder, "guardian.out");
  const file = openSync(output, "w", 0o600);
  const [program = "", ...args] = inNamespace(inventory, [process.execPath, PROGRAM, ...commandOf(inventory.file)]);
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    // It may be relative to the folder in which ring was called.
    env: { ...process.env, RING_HOME: resolve(folder, "../..") },
    stdio: ["ignore", file, file],
  });
  child.on("error", () => {});
  child.unref();
  const deadline = performance.now() + START_DEADLINE;
  while (!guardianOf(folder, inventory.file).isRunning) {
    if (performance.now() > deadline || child.exitCode !== null) {
      throw new RingError(`The guardian does not start:\n${readFileSync(output, "utf8").trim()}`);
    }
    await delay(50);
  }
}

/** Ends the guardian, if there is one: before machines are turned off on purpose. */
export async function stopGuardian(folder: string, inventoryFile: string): Promise<void> {
  const pid = readGuardianReport(folder)?.pid;
  if (pid === undefined) return;
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    if (!isGuardian(pid, inventoryFile)) return;
    process.kill(pid, name);
    const deadline = performance.now() + STOP_DEADLINE;
    while (isGuardian(pid, inventoryFile) && performance.now() < deadline) await delay(20);
  }
}

/** A process number may have gone to another program; its command line tells. */
function isGuardian(pid: number, inventoryFile: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    return words.slice(-3).join("\0") === commandOf(inventoryFile).join("\0");
  } catch {
    return false;
  }
}
