import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { waitUntil } from "@goldenring/stand";
import { findHierarchies, type Hierarchy, limitingVersion, parseMountInfo, standGroup } from "../host/cgroups.ts";
import type { Limit } from "../plan.ts";

/** The kernel's default, which Kubernetes uses for the same limits. */
const CPU_PERIOD_US = 100_000;
const MIB_BYTES = 2 ** 20;
/** How long a running machine may need to release memory above a lower limit. */
const LIMIT_MS = 5_000;

/** The stand's cgroups, one folder per hierarchy; below each, a folder per machine, and one for what runs a machine from outside. */
export interface StandGroups {
  readonly version: 1 | 2;
  /** Version 1 only; version 2 has one folder for all controllers. */
  readonly byController: ReadonlyMap<string, string>;
  /** Version 2 first. */
  readonly folders: readonly string[];
}

/**
 * @param recorded the existing folders of the stand: they stay, since the memory group depends on which process made it
 * @throws {CommandError} when the computer cannot limit CPU and memory
 */
export async function findStandGroups(namespace: string, recorded: readonly string[]): Promise<StandGroups> {
  const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
  const hierarchies = findHierarchies(mounts, await readFile("/proc/self/cgroup", "utf8"));
  const unified = hierarchies.filter(({ version }) => version === 2);
  const controllers = unified[0] ? await readWords(join(unified[0].mountPoint, "cgroup.controllers")) : [];
  const version = limitingVersion(hierarchies, controllers);
  if (version === undefined) {
    throw new CommandError(
      "This computer's kernel cannot limit CPU and memory of groups of processes (cgroup controllers cpu and memory). In a container, run it with --privileged and --cgroupns=private; on old Raspberry Pi kernels add cgroup_enable=memory to the kernel's command line.",
    );
  }
  const folderOf = (hierarchy: Hierarchy): string =>
    recorded.find((folder) => folder.startsWith(`${hierarchy.mountPoint}/`)) ?? standGroup(hierarchy, namespace);
  const used = version === 2 ? unified : [...unified, ...hierarchies.filter((each) => each.version === 1)];
  const byController = used.flatMap((hierarchy) =>
    hierarchy.controllers.map((controller) => [controller, folderOf(hierarchy)] as const),
  );
  return { version, byController: new Map(byController), folders: used.map(folderOf) };
}

/** Folders of one machine that its launcher joins. */
export const machineGroups = ({ folders }: StandGroups, machine: string): readonly string[] =>
  folders.map((folder) => join(folder, machine));

/** Folder without limits for what belongs to the stand but not into a machine, such as a machine's supervisor and its lxcfs. */
export function hostGroup({ folders }: StandGroups, name: string): string {
  const [first] = folders;
  if (first === undefined) throw new CommandError("This computer has no cgroup hierarchy mounted (/sys/fs/cgroup).");
  return join(first, `${name}.host`);
}

export async function makeGroups(groups: StandGroups, machine: string): Promise<void> {
  for (const folder of groups.folders) {
    await mkdir(folder, { recursive: true });
    if (groups.version === 2) await passControllersDown(folder);
  }
  await Promise.all([...machineGroups(groups, machine), hostGroup(groups, machine)].map(makeGroup));
}

/** @returns its folder */
export async function makeHostGroup(groups: StandGroups, name: string): Promise<string> {
  const folder = hostGroup(groups, name);
  await makeGroup(folder);
  return folder;
}

async function makeGroup(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Version 1: no process can join a cpuset without CPUs, and new ones have none.
  for (const group of [dirname(folder), folder]) {
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const current = await readText(join(group, file));
      if (current === "") await writeFile(join(group, file), (await readText(join(dirname(group), file))) ?? "");
    }
  }
}

/** Devices that machines and their pods may use: null, zero, full, random, urandom, terminals, tun, fuse. Not the computer's disks. */
const DEVICES = ["1:3", "1:5", "1:7", "1:8", "1:9", "5:*", "136:*", "10:200", "10:229"];

/** Version 1 only: before the stand's first machine. Container runtimes make any device, which is not to use it. */
export async function limitDevices({ version, byController }: StandGroups): Promise<void> {
  const folder = byController.get("devices");
  if (version === 2 || folder === undefined || (await mkdir(folder, { recursive: true })) === undefined) return;
  await writeFile(join(folder, "devices.deny"), "a");
  for (const rule of ["c *:* m", "b *:* m", ...DEVICES.map((device) => `c ${device} rwm`)])
    await writeFile(join(folder, "devices.allow"), rule);
}

async function passControllersDown(folder: string): Promise<void> {
  for (const group of [dirname(folder), folder]) {
    for (const controller of ["cpu", "memory", "cpuset", "io", "pids"]) {
      // A missing controller shows when the limit is written.
      await writeFile(join(group, "cgroup.subtree_control"), `+${controller}`).catch(() => {});
    }
  }
}

/** What is written to which file; the kernel may lack an optional one. */
type Setting = readonly [controller: "cpu" | "memory", file: string, value: string | number, kind?: "optional"];

/** @param quotaUs of each `CPU_PERIOD_US`; undefined: no limit */
const SETTINGS: Readonly<Record<1 | 2, (quotaUs: number | undefined, memoryBytes: number) => readonly Setting[]>> = {
  1: (quotaUs, memoryBytes) => [
    ["cpu", "cpu.cfs_period_us", CPU_PERIOD_US],
    ["cpu", "cpu.cfs_quota_us", quotaUs ?? -1],
    ["memory", "memory.limit_in_bytes", memoryBytes],
    ["memory", "memory.swappiness", 0, "optional"],
  ],
  2: (quotaUs, memoryBytes) => [
    ["cpu", "cpu.max", `${quotaUs ?? "max"} ${CPU_PERIOD_US}`],
    // lxcfs looks only at the group that the machine's first process is in.
    ["cpu", "payload/cpu.max", `${quotaUs ?? "max"} ${CPU_PERIOD_US}`, "optional"],
    ["memory", "memory.max", memoryBytes],
    ["memory", "memory.swap.max", 0, "optional"],
  ],
};

/** @throws {CommandError} when the kernel refuses it: a running machine may use more memory than the new limit */
export async function applyLimit(groups: StandGroups, machine: string, { cpu, memoryMiB }: Limit): Promise<void> {
  const { version, byController, folders } = groups;
  for (const [controller, name, value, kind] of SETTINGS[version](quotaOf(cpu), memoryMiB * MIB_BYTES)) {
    const file = join(byController.get(controller) ?? folders[0] ?? "", machine, name);
    const write = () => writeFile(file, String(value)).then(...isDone);
    const deadlineMs = kind === "optional" ? 0 : LIMIT_MS;
    if ((await waitUntil(write, { deadlineMs, everyMs: 200 })) || kind === "optional") continue;
    throw new CommandError(
      `Cannot limit ${machine} to ${cpu} CPU and ${memoryMiB} MiB: the kernel refuses "${value}" for ${file}. If the machine uses more memory than that, stop something in it.`,
    );
  }
}

/** @returns undefined: no limit, since the computer has no more CPUs than that */
function quotaOf(cpu: number): number | undefined {
  return cpu >= availableParallelism() ? undefined : Math.round(cpu * CPU_PERIOD_US);
}

const isDone = [() => true, () => false] as const;

/** Processes of these groups and all below; empty also when a group does not exist. */
export async function processesOf(folders: readonly string[]): Promise<readonly number[]> {
  const groups = (await Promise.all(folders.map(withChildren))).flat();
  const pids = await Promise.all(groups.map((group) => readWords(join(group, "cgroup.procs"))));
  return [...new Set(pids.flat().map(Number))];
}

/** Removes groups without processes; waits a little for those that are about to end. */
export async function removeGroup(folder: string, deadlineMs: number): Promise<boolean> {
  const isRemoved = async (): Promise<boolean> => {
    for (const each of (await withChildren(folder)).toReversed()) await rmdir(each).catch(() => {});
    return !existsSync(folder);
  };
  return waitUntil(isRemoved, { deadlineMs, everyMs: 50 });
}

/** The folder first, its children after it. */
async function withChildren(folder: string): Promise<readonly string[]> {
  const children = await foldersIn(folder);
  return [folder, ...(await Promise.all(children.map((name) => withChildren(join(folder, name))))).flat()];
}

/** @returns names of the machines that have a group */
export async function namesOfGroups({ folders }: StandGroups): Promise<readonly string[]> {
  return [...new Set((await Promise.all(folders.map(foldersIn))).flat())].map((name) => name.replace(/\.host$/, ""));
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function readWords(file: string): Promise<readonly string[]> {
  return ((await readText(file)) ?? "").split(/\s+/).filter((word) => word !== "");
}

/** Without white space around it; undefined when there is no such file. */
const readText = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
