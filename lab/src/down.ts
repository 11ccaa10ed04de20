import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Folders, foldersOf } from "./folders.ts";
import { parseMountInfo } from "./host/mounts.ts";
import { removePackages, removeUnusedImages } from "./image/image.ts";
import { readRecipe } from "./image/recipe.ts";
import { findStandGroups, namesOfGroups, removeGroup } from "./machine/groups.ts";
import { detachLoops, killLeftovers } from "./machine/power.ts";
import { closeForward } from "./network/forwards.ts";
import { closeNetwork } from "./network/namespace.ts";
import { LabProblem } from "./problem.ts";
import type { TaskOptions } from "./progress.ts";
import { run, runOrFail } from "./run.ts";
import { imagesInUse } from "./snapshots/catalogue.ts";
import { all, powerOf, stopMachines } from "./stand.ts";
import { readRuntime } from "./state/runtime.ts";

/** `down` is done within 20 s: this for a clean shutdown, the rest for those that need force. */
const CLEAN_STOP_MS = 13_000;

/**
 * Ends everything that a stand has on the computer but its files. It trusts no record of what runs: an interrupted run may not have
 * written any. The caller holds the lock.
 */
export async function takeDown(folders: Folders, options: TaskOptions): Promise<void> {
  const { onProgress } = options;
  const runtime = await readRuntime(folders).catch(() => undefined);
  const groups = await findStandGroups(folders.namespace, runtime?.cgroups ?? []);
  const names = await namesOnComputer(folders, await namesOfGroups(groups));
  const machines = names.map((name) => powerOf(folders, groups, name, ""));
  await stopMachines(machines, CLEAN_STOP_MS, options);
  await all(machines, killLeftovers);
  onProgress?.("removing network, mounts and cgroups");
  for (const forward of Object.values(runtime?.forwards ?? {})) await closeForward(forward);
  await closeSshConnections(folders);
  await closeNetwork(folders.namespace);
  await removeMounts(folders);
  await detachLoops(names.map((name) => folders.machine(name).disk));
  await all(groups.folders, async (folder) => {
    if (!(await removeGroup(folder, 3_000)))
      throw new LabProblem(`The cgroup ${folder} cannot be removed: it is in use.`);
  });
  await rm(folders.runtime, { force: true });
  await rm(folders.sockets, { recursive: true, force: true });
}

async function namesOnComputer(folders: Folders, groups: readonly string[]): Promise<readonly string[]> {
  const onDisk = await readdir(folders.machines).catch(() => []);
  return [...new Set([...groups.map((name) => name.replace(/\.host$/, "")), ...onDisk])];
}

/** ssh keeps connections open for later commands. */
async function closeSshConnections(folders: Folders): Promise<void> {
  const sockets = await readdir(folders.sockets).catch(() => []);
  await all(sockets, async (name) => {
    await run(["ssh", "-o", `ControlPath=${join(folders.sockets, name)}`, "-O", "exit", "stand"], {
      deadlineMs: 2_000,
    });
  });
}

/** Machines mount in namespaces of their own, which end with them; this is for what somebody mounted by hand. */
async function removeMounts(folders: Folders): Promise<void> {
  const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
  for (const { mountPoint } of mounts.toReversed()) {
    if (mountPoint.startsWith(`${folders.machines}/`)) await runOrFail(["umount", mountPoint]);
  }
}

/** Removes the stand's files too: disks, secrets, keys, snapshots; and golden images that no other stand needs. */
export async function removeStand(folders: Folders, home: string, everyImage: boolean): Promise<void> {
  await runOrFail(["rm", "-rf", "--one-file-system", folders.stand], { deadlineMs: 300_000 });
  const stands = await readdir(folders.stands).catch(() => []);
  const used = new Set((await Promise.all(stands.map((stand) => imagesInUse(foldersOf(home, stand))))).flat());
  if (!everyImage) used.add((await readRecipe()).name);
  await removeUnusedImages(folders.images, used);
  if (used.size === 0) await removePackages(folders.images);
}
