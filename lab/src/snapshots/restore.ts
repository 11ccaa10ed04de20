import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Folders } from "../folders.ts";
import { hasImage } from "../image/image.ts";
import { copyDisk } from "../machine/disk.ts";
import { isOff, powerOff } from "../machine/power.ts";
import { LabProblem } from "../problem.ts";
import { runOrFail } from "../run.ts";
import { all, filterAsync, machineOf, openStand, startMachines } from "../stand.ts";
import { writeInventory } from "../state/inventory-file.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import { RTO, readSettings, type Settings, writeSettings } from "../state/settings.ts";
import { readSnapshot, type SnapshotFacts, type SnapshotOptions } from "./catalogue.ts";

const restoreShape = z.object({
  machines: z.array(z.string()),
  whole: z.boolean(),
  image: z.string(),
  rto: z.enum(RTO),
});

/** Written when all copies are whole: from then on a restore is finished by the next run, before it is undone by it. */
const restoreFile = (folders: Folders): string => join(folders.stand, "restore.json");
const restoredDisk = (folders: Folders, machine: string): string =>
  join(folders.machine(machine).folder, "disk.restored");
const restoredSecrets = (folders: Folders): string => join(folders.stand, "secrets.restored");

/**
 * Puts disks back, and with a snapshot of the whole stand also its secrets. Machines that run are powered off for it and started again;
 * a stand that is down stays down.
 *
 * @returns the machines that were put back
 */
export async function restoreSnapshot(
  folders: Folders,
  name: string,
  options: SnapshotOptions,
): Promise<readonly string[]> {
  const { onProgress, signal } = options;
  await finishRestore(folders);
  const stand = await openStand(folders);
  const snapshot = await readSnapshot(folders, name);
  const names = options.machine === undefined ? snapshot.machines : [machineOf(stand, options.machine).name];
  const whole = snapshot.whole && options.machine === undefined;
  assertFits(folders, stand.settings, snapshot, names, whole);
  onProgress?.(`copying ${names.length === 1 ? "a disk" : `${names.length} disks`}`);
  for (const each of names) {
    await copyDisk(join(folders.snapshot(name), `${each}.img`), restoredDisk(folders, each), signal);
  }
  if (whole) {
    await rm(restoredSecrets(folders), { recursive: true, force: true });
    await runOrFail(["cp", "--archive", join(folders.snapshot(name), "secrets"), restoredSecrets(folders)]);
  }
  signal?.throwIfAborted();
  const chosen = stand.machines.filter((machine) => names.includes(machine.name));
  const running = await filterAsync(chosen, async ({ power }) => !(await isOff(power)));
  if (running.length > 0) onProgress?.("taking the power from the machines");
  await all(running, ({ power }) => powerOff(power));
  await writeJson(restoreFile(folders), { machines: names, whole, image: snapshot.image, rto: snapshot.rto });
  await finishRestore(folders);
  await startMachines(await openStand(folders), running, options);
  return names;
}

function assertFits(
  folders: Folders,
  settings: Settings,
  snapshot: SnapshotFacts,
  names: readonly string[],
  whole: boolean,
): void {
  const problem = (why: string): LabProblem =>
    new LabProblem(`The snapshot "${snapshot.name}" cannot be restored: ${why}.`);
  const missing = names.filter((name) => !snapshot.machines.includes(name));
  if (missing.length > 0) throw problem(`it has no disk of ${missing.join(", ")}`);
  if (snapshot.network !== settings.network) throw problem(`its machines have addresses in ${snapshot.network}`);
  if (whole && snapshot.machines.join() !== settings.machines.join()) throw problem("the stand has other machines");
  if (snapshot.image !== settings.image && !whole) {
    throw problem("it was made on another golden image: only the whole stand can be put back");
  }
  if (!hasImage(folders.images, snapshot.image)) throw problem(`its golden image (${snapshot.image}) is gone`);
}

/** Completes a restore that was interrupted after its copies were whole; else removes them. Machines must be off for what they get. */
export async function finishRestore(folders: Folders): Promise<void> {
  const restore = await readJson(restoreFile(folders), restoreShape);
  const settings = await readSettings(folders);
  if (restore && settings) {
    for (const machine of restore.machines) {
      if (existsSync(restoredDisk(folders, machine))) {
        await rename(restoredDisk(folders, machine), folders.machine(machine).disk);
      }
    }
    if (restore.whole) {
      await putSecretsBack(folders);
      const next = { ...settings, image: restore.image, rto: restore.rto };
      await writeSettings(folders, next);
      await writeInventory(folders, next);
    }
    await rm(restoreFile(folders));
  }
  for (const machine of await readdir(folders.machines).catch(() => [])) {
    await rm(restoredDisk(folders, machine), { force: true });
    await rm(`${restoredDisk(folders, machine)}.making`, { force: true });
  }
  await rm(restoredSecrets(folders), { recursive: true, force: true });
}

async function putSecretsBack(folders: Folders): Promise<void> {
  if (!existsSync(restoredSecrets(folders))) return;
  // The playbook and others may hold the folder: it stays, its content changes.
  for (const name of await readdir(folders.secrets)) await rm(join(folders.secrets, name), { recursive: true });
  await runOrFail(["cp", "--archive", `${restoredSecrets(folders)}/.`, folders.secrets]);
}
