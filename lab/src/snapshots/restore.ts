import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { RTO, runOrThrow } from "@goldenring/stand";
import { z } from "zod";
import type { Folders } from "../folders.ts";
import { hasImage } from "../image/image.ts";
import { copyDisk } from "../machine/disk.ts";
import { powerOff } from "../machine/power.ts";
import { machineOf, openStand, runningOf, type Stand, startMachines } from "../stand.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import { Replica, readSettings, writeSettings } from "../state/settings.ts";
import { A_MINUTE, forAll } from "../task.ts";
import { readSnapshot, type SnapshotFacts, type SnapshotOptions } from "./catalogue.ts";

const Restore = z.object({
  machines: z.array(z.string()),
  whole: z.boolean(),
  image: z.string(),
  rto: z.enum(RTO),
  replica: Replica,
});

/**
 * Restores disks, and from a snapshot of the whole stand also its secrets. Machines that run are powered off for it and started again;
 * a stand that is down stays down.
 *
 * @returns the machines whose disks were restored
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
  assertFits(stand, snapshot, names, whole);
  onProgress?.(`copying ${names.length === 1 ? "a disk" : `${names.length} disks`}`);
  for (const each of names) {
    await copyDisk(join(folders.snapshot(name), `${each}.img`), folders.machine(each).restoredDisk, signal);
  }
  if (whole) {
    await rm(folders.restoredSecrets, { recursive: true, force: true });
    const secrets = join(folders.snapshot(name), "secrets");
    await runOrThrow(["cp", "--archive", secrets, folders.restoredSecrets], A_MINUTE);
  }
  signal?.throwIfAborted();
  const chosen = stand.machines.filter((machine) => names.includes(machine.name));
  const running = await runningOf(chosen);
  if (running.length > 0) onProgress?.("taking the power from the machines");
  await forAll(running, ({ power }) => powerOff(power));
  const { image, rto, replica } = snapshot;
  writeJson(folders.restore, { machines: names, whole, image, rto, replica });
  await finishRestore(folders);
  await startMachines(await openStand(folders), running, options);
  return names;
}

function assertFits(
  { folders, settings }: Stand,
  snapshot: SnapshotFacts,
  names: readonly string[],
  whole: boolean,
): void {
  const error = (why: string) => new CommandError(`The snapshot "${snapshot.name}" cannot be restored: ${why}.`);
  const missing = names.filter((name) => !snapshot.machines.includes(name));
  if (missing.length > 0) throw error(`it has no disk of ${missing.join(", ")}`);
  if (snapshot.network !== settings.network) throw error(`its machines have addresses in ${snapshot.network}`);
  if (whole && snapshot.machines.join() !== settings.machines.join())
    throw error(
      `it is of the machines ${snapshot.machines.join(", ")}; \`ring up --replicas NUMBER\` gives the stand as many replicas`,
    );
  if (snapshot.image !== settings.image && !whole) {
    throw error("it was made on another golden image: only the whole stand can be restored");
  }
  if (!hasImage(folders.images, snapshot.image)) throw error(`its golden image (${snapshot.image}) is missing`);
}

/** Completes a restore that was interrupted after its copies were complete, else removes them. Machines that get a disk must be off. */
export async function finishRestore(folders: Folders): Promise<void> {
  const restore = await readJson(folders.restore, Restore);
  const settings = await readSettings(folders);
  if (restore && settings) {
    for (const { disk, restoredDisk } of restore.machines.map(folders.machine)) {
      if (existsSync(restoredDisk)) await rename(restoredDisk, disk);
    }
    if (restore.whole) {
      await restoreSecrets(folders);
      const { image, rto, replica } = restore;
      writeSettings(folders, { ...settings, image, rto, replica });
    }
    await rm(folders.restore);
  }
  for (const { restoredDisk } of (await readdir(folders.machines).catch(() => [])).map(folders.machine)) {
    for (const file of [restoredDisk, `${restoredDisk}.making`]) await rm(file, { force: true });
  }
  await rm(folders.restoredSecrets, { recursive: true, force: true });
}

async function restoreSecrets(folders: Folders): Promise<void> {
  if (!existsSync(folders.restoredSecrets)) return;
  // Other programs may have the folder open: it stays, and its content changes.
  for (const name of await readdir(folders.secrets)) await rm(join(folders.secrets, name), { recursive: true });
  await runOrThrow(["cp", "--archive", `${folders.restoredSecrets}/.`, folders.secrets], A_MINUTE);
}
