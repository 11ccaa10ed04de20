import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { runOrThrow, runProgram } from "@goldenring/stand";
import { type Folders, foldersOf } from "./folders.ts";
import { parseMountInfo } from "./host/cgroups.ts";
import { readRecipe, removeUnusedImages } from "./image/image.ts";
import { readPrograms } from "./kubernetes/programs.ts";
import { findStandGroups, hostGroup, machineGroups, namesOfGroups, removeGroup } from "./machine/groups.ts";
import { detachLoops, killLeftovers } from "./machine/power.ts";
import { healed } from "./network/faults.ts";
import { closeForward, openToOthers } from "./network/forwards.ts";
import { closeNetwork } from "./network/namespace.ts";
import { imagesInUse } from "./snapshots/catalogue.ts";
import { powerOf, type Stand, stopMachines } from "./stand.ts";
import { changeRuntime, readRuntime } from "./state/runtime.ts";
import { readSettings } from "./state/settings.ts";
import { A_MINUTE, forAll, type TaskOptions } from "./task.ts";

/** Of the 20 s within which `down` ends; the rest is for machines that need force. */
const CLEAN_STOP_MS = 13_000;
/** A write may wait 30 s for a new primary, and the service stops within 45 s. */
const LAST_REQUESTS_MS = 60_000;
const REMOVE_GROUP_MS = 3_000;
const REMOVE_FILES_MS = 300_000;

/**
 * Ends everything that a stand has on the computer, except its files. It trusts no record of what runs: an interrupted run may not have
 * written one. The caller holds the lock.
 */
export async function takeDown(folders: Folders, options: TaskOptions): Promise<void> {
  const runtime = await readRuntime(folders).catch(() => undefined);
  const groups = await findStandGroups(folders.namespace, runtime?.cgroups ?? []);
  const onDisk = await readdir(folders.machines).catch(() => []);
  const names = [...new Set([...(await namesOfGroups(groups)), ...onDisk])];
  const machines = names.map((name) => powerOf(folders, groups, name));
  await stopMachines(machines, CLEAN_STOP_MS, options);
  await forAll(machines, killLeftovers);
  options.onProgress?.("removing network, mounts and cgroups");
  for (const forward of Object.values(runtime?.forwards ?? {})) await closeForward(forward);
  await openToOthers(folders.namespace);
  await closeSshConnections(folders);
  await closeNetwork(folders.namespace);
  await removeMounts(folders);
  await detachLoops(names.map((name) => folders.machine(name).disk));
  await forAll(groups.folders, async (folder) => {
    if (await removeGroup(folder, REMOVE_GROUP_MS)) return;
    throw new CommandError(`The cgroup ${folder} cannot be removed: it is in use.`);
  });
  await rm(folders.runtime, { force: true });
  await rm(folders.sockets, { recursive: true, force: true });
}

/** Replicas of a larger stand, or of another platform, which an interrupted run may have left. */
export async function surplusOf(folders: Folders): Promise<readonly string[]> {
  const settings = await readSettings(folders);
  const onDisk = await readdir(folders.machines).catch(() => []);
  return settings === undefined ? [] : onDisk.filter((name) => !settings.machines.includes(name));
}

/** Shuts machines down cleanly, so that they finish what they do, and removes all that the computer has of them. */
export async function removeMachines(
  { folders, groups }: Stand,
  names: readonly string[],
  options: TaskOptions,
): Promise<void> {
  const machines = names.map((name) => powerOf(folders, groups, name));
  await stopMachines(machines, LAST_REQUESTS_MS, options);
  await forAll(machines, killLeftovers);
  await detachLoops(names.map((name) => folders.machine(name).disk));
  const own = machines.flatMap(({ name }) => [...machineGroups(groups, name), hostGroup(groups, name)]);
  for (const folder of own) await removeGroup(folder, REMOVE_GROUP_MS);
  for (const name of names) {
    const { faults } = await readRuntime(folders);
    await changeRuntime(folders, { faults: healed(faults, name) });
    await runOrThrow(["rm", "-rf", "--one-file-system", folders.machine(name).folder], {
      deadlineMs: REMOVE_FILES_MS,
    });
  }
}

/** ssh keeps connections open for later commands. */
async function closeSshConnections({ sockets }: Folders): Promise<void> {
  await forAll(await readdir(sockets).catch(() => []), async (name) => {
    const command = ["ssh", "-o", `ControlPath=${join(sockets, name)}`, "-O", "exit", "stand"];
    await runProgram(command, { deadlineMs: 2_000 });
  });
}

/** For mounts made by hand: those of machines are in namespaces of their own and end with them. */
async function removeMounts(folders: Folders): Promise<void> {
  const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
  for (const { mountPoint } of mounts.toReversed()) {
    if (mountPoint.startsWith(`${folders.machines}/`)) await runOrThrow(["umount", mountPoint], A_MINUTE);
  }
}

/** Removes the stand's files: disks, secrets, keys, snapshots; and golden images and programs of other versions that no stand needs. */
export async function removeStand(folders: Folders): Promise<void> {
  await runOrThrow(["rm", "-rf", "--one-file-system", folders.stand], { deadlineMs: REMOVE_FILES_MS });
  const stands = await readdir(folders.stands).catch(() => []);
  const used = new Set((await Promise.all(stands.map((stand) => imagesInUse(foldersOf(folders.home, stand))))).flat());
  for (const { name } of [await readRecipe(), await readPrograms()]) used.add(name);
  await removeUnusedImages(folders.images, used);
}
