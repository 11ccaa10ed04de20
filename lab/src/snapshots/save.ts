import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { runOrThrow } from "@goldenring/stand";
import type { Folders } from "../folders.ts";
import { copyDisk } from "../machine/disk.ts";
import { waitForDisk } from "../machine/power.ts";
import { assertSnapshotName } from "../plan.ts";
import {
  machineOf,
  openStand,
  runningOf,
  type Stand,
  type StandMachine,
  startMachines,
  stopMachines,
} from "../stand.ts";
import { writeJson } from "../state/json-file.ts";
import { A_MINUTE } from "../task.ts";
import { INCOMPLETE, removeIncompleteSnapshots, type SnapshotFacts, type SnapshotOptions } from "./catalogue.ts";
import { finishRestore } from "./restore.ts";

const CLEAN_STOP_MS = 30_000;
const SYNC_MS = 600_000;

/**
 * Shuts the machines down cleanly, copies their disks, and starts those that ran.
 *
 * @throws {CommandError} when a snapshot of that name exists
 */
export async function saveSnapshot(folders: Folders, name: string, options: SnapshotOptions): Promise<void> {
  const target = folders.snapshot(assertSnapshotName(name));
  if (existsSync(target)) {
    throw new CommandError(`A snapshot "${name}" exists already: delete it, or choose another name.`);
  }
  await finishRestore(folders);
  const stand = await openStand(folders);
  const chosen = options.machine === undefined ? stand.machines : [machineOf(stand, options.machine)];
  await removeIncompleteSnapshots(folders);
  const running = await runningOf(chosen);
  const powered = running.map(({ power }) => power);
  await stopMachines(powered, CLEAN_STOP_MS, options);
  try {
    await copyInto(stand, target, chosen, options);
  } finally {
    await startMachines(stand, running, options);
  }
}

async function copyInto(
  { folders, settings }: Stand,
  target: string,
  chosen: readonly StandMachine[],
  { machine, onProgress, signal }: SnapshotOptions,
): Promise<void> {
  const folder = await mkdtemp(join(folders.snapshots, INCOMPLETE));
  try {
    onProgress?.(`copying ${chosen.length === 1 ? "a disk" : `${chosen.length} disks`}`);
    for (const each of chosen) {
      await waitForDisk(each.power);
      await copyDisk(each.power.folder.disk, join(folder, `${each.name}.img`), signal);
    }
    const whole = machine === undefined;
    if (whole) await runOrThrow(["cp", "--archive", folders.secrets, folders.inventory, folder], A_MINUTE);
    const { image = "", network, rto, replica } = settings;
    const machines = chosen.map(({ name }) => name);
    const identity = { name: basename(target), madeAt: new Date().toISOString() };
    const facts: SnapshotFacts = { ...identity, image, network, machines, whole, rto, replica };
    writeJson(join(folder, "snapshot.json"), facts);
    await runOrThrow(["sync", "-f", folder], { deadlineMs: SYNC_MS });
    await rename(folder, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
