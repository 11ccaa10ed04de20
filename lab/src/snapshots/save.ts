import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Folders } from "../folders.ts";
import { copyDisk } from "../machine/disk.ts";
import { isOff, waitForDisk } from "../machine/power.ts";
import { assertSnapshotName } from "../plan.ts";
import { LabProblem } from "../problem.ts";
import { run, runOrFail } from "../run.ts";
import {
  filterAsync,
  machineOf,
  openStand,
  type Stand,
  type StandMachine,
  startMachines,
  stopMachines,
} from "../stand.ts";
import { writeJson } from "../state/json-file.ts";
import { removeUnfinishedSnapshots, type SnapshotFacts, type SnapshotOptions, UNFINISHED } from "./catalogue.ts";
import { finishRestore } from "./restore.ts";

const CLEAN_STOP_MS = 30_000;

/**
 * Shuts the machines down cleanly, copies their disks, and starts those that ran.
 *
 * @throws LabProblem when there is one of that name
 */
export async function saveSnapshot(folders: Folders, name: string, options: SnapshotOptions): Promise<void> {
  const target = folders.snapshot(assertSnapshotName(name));
  if (existsSync(target))
    throw new LabProblem(`There is a snapshot "${name}" already: delete it, or choose another name.`);
  await finishRestore(folders);
  const stand = await openStand(folders);
  const chosen = options.machine === undefined ? stand.machines : [machineOf(stand, options.machine)];
  await removeUnfinishedSnapshots(folders);
  const running = await filterAsync(chosen, async ({ power }) => !(await isOff(power)));
  await stopMachines(
    running.map(({ power }) => power),
    CLEAN_STOP_MS,
    options,
  );
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
  const folder = await mkdtemp(join(folders.snapshots, UNFINISHED));
  try {
    onProgress?.(`copying ${chosen.length === 1 ? "a disk" : `${chosen.length} disks`}`);
    for (const each of chosen) {
      await waitForDisk(each.power);
      await copyDisk(each.power.folder.disk, join(folder, `${each.name}.img`), signal);
    }
    const whole = machine === undefined;
    if (whole) {
      await runOrFail(["cp", "--archive", folders.secrets, folders.inventory, folder]);
    }
    const facts: SnapshotFacts = {
      name: target.slice(folders.snapshots.length + 1),
      madeAt: new Date().toISOString(),
      image: settings.image ?? "",
      network: settings.network,
      machines: chosen.map(({ name }) => name),
      whole,
      rto: settings.rto,
    };
    await writeJson(join(folder, "snapshot.json"), facts);
    await run(["sync", "-f", folder]);
    await rename(folder, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
