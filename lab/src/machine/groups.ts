import { mkdir, readdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { findHierarchies, type Hierarchy, limitedBy, standGroup } from "../host/cgroups.ts";
import { parseMountInfo } from "../host/mounts.ts";
import { waitUntil } from "../host/processes.ts";
import type { Limit } from "../plan.ts";
import { LabProblem } from "../problem.ts";

/** Microseconds; the kernel's default, and the finest that Kubernetes uses for the same limits. */
const CPU_PERIOD = 100_000;
const MIB = 1_048_576;

/** The stand's cgroups, one folder per hierarchy; below each a folder per machine, and one for what runs a machine from outside. */
export interface StandGroups {
  readonly version: 1 | 2;
  /** Version 1 only, by controller. */
  readonly byController: ReadonlyMap<string, string>;
  /** Version 2 first. */
  readonly folders: readonly string[];
}

/**
 * @param recorded the folders of the stand if it has any already: they count, since the memory group depends on who made it
 * @throws LabProblem when the computer cannot limit CPU and memory
 */
export async function findStandGroups(namespace: string, recorded: readonly string[]): Promise<StandGroups> {
  const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
  const hierarchies = findHierarchies(mounts, await readFile("/proc/self/cgroup", "utf8"));
  const ofVersion2 = hierarchies.find(({ version }) => version === 2);
  const controllers = ofVersion2 ? await readWords(join(ofVersion2.mountPoint, "cgroup.controllers")) : [];
  const limited = limitedBy(hierarchies, controllers);
  if (!limited) {
    throw new LabProblem(
      "This computer's kernel cannot limit CPU and memory of groups of processes (cgroup controllers cpu and memory). In a container, run it with --privileged and --cgroupns=private; on old Raspberry Pi kernels add cgroup_enable=memory to the kernel's command line.",
    );
  }
  const folderOf = (hierarchy: Hierarchy): string =>
    recorded.find((folder) => folder.startsWith(`${hierarchy.mountPoint}/`)) ?? standGroup(hierarchy, namespace);
  const used = (limited.version === 1 ? hierarchies : hierarchies.filter(({ version }) => version === 2)).toSorted(
    (one, other) => other.version - one.version,
  );
  return {
    version: limited.version,
    byController: new Map(
      used.flatMap((hierarchy) =>
        hierarchy.controllers.map((controller) => [controller, folderOf(hierarchy)] as const),
      ),
    ),
    folders: used.map(folderOf),
  };
}

/** Folders of one machine that its launcher joins. */
export const machineGroups = ({ folders }: StandGroups, machine: string): readonly string[] =>
  folders.map((folder) => join(folder, machine));

/** Folder for what belongs to the stand and not into a machine, such as a machine's supervisor and its lxcfs: nothing limits it. */
export function hostGroup({ folders }: StandGroups, name: string): string {
  const [first] = folders;
  if (first === undefined) throw new LabProblem("This computer has no cgroup hierarchy mounted (/sys/fs/cgroup).");
  return join(first, `${name}.host`);
}

export async function makeGroups(groups: StandGroups, machine: string): Promise<void> {
  for (const folder of groups.folders) {
    await mkdir(folder, { recursive: true });
    if (groups.version === 2) await passControllersDown(folder);
    await makeGroup(join(folder, machine));
  }
  await makeHostGroup(groups, machine);
}

/** @returns its folder */
export async function makeHostGroup(groups: StandGroups, name: string): Promise<string> {
  const folder = hostGroup(groups, name);
  await makeGroup(folder);
  return folder;
}

async function makeGroup(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Version 1: no process can join a cpuset that names no CPU, and children start with none.
  for (const group of [dirname(folder), folder]) {
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const current = await readText(join(group, file));
      if (current === "") await writeFile(join(group, file), (await readText(join(dirname(group), file))) ?? "");
    }
  }
}

async function passControllersDown(folder: string): Promise<void> {
  for (const group of [dirname(folder), folder]) {
    for (const controller of ["cpu", "memory", "cpuset", "pids"]) {
      // What is missing shows when the limit is written.
      await writeFile(join(group, "cgroup.subtree_control"), `+${controller}`).catch(() => {});
    }
  }
}

/** @throws LabProblem when the kernel does not take it; a running machine may use more memory than the new limit */
export async function applyLimit(groups: StandGroups, machine: string, limit: Limit): Promise<void> {
  const writes =
    groups.version === 1 ? writesOfVersion1(groups, machine, limit) : writesOfVersion2(groups, machine, limit);
  for (const { file, value, optional } of writes) {
    const taken = await waitUntil(() => written(file, value), optional ? 0 : 5_000, 200);
    if (taken || optional) continue;
    throw new LabProblem(
      `Cannot limit ${machine} to ${limit.cpu} CPU and ${limit.memoryMiB} MiB: the kernel does not take "${value}" for ${file}. If the machine uses more memory than that, stop something in it.`,
    );
  }
}

interface Write {
  readonly file: string;
  readonly value: string;
  readonly optional?: true;
}

function writesOfVersion1({ byController }: StandGroups, machine: string, { cpu, memoryMiB }: Limit): readonly Write[] {
  const file = (controller: string, name: string) => join(byController.get(controller) ?? "", machine, name);
  return [
    { file: file("cpu", "cpu.cfs_period_us"), value: String(CPU_PERIOD) },
    { file: file("cpu", "cpu.cfs_quota_us"), value: String(quotaOf(cpu) ?? -1) },
    { file: file("memory", "memory.limit_in_bytes"), value: String(memoryMiB * MIB) },
    { file: file("memory", "memory.swappiness"), value: "0", optional: true },
  ];
}

function writesOfVersion2(groups: StandGroups, machine: string, { cpu, memoryMiB }: Limit): readonly Write[] {
  const maximum = `${quotaOf(cpu) ?? "max"} ${CPU_PERIOD}`;
  return machineGroups(groups, machine).flatMap((folder) => [
    { file: join(folder, "cpu.max"), value: maximum },
    // lxcfs looks only at the group that the machine's first process is in.
    { file: join(folder, "payload", "cpu.max"), value: maximum, optional: true as const },
    { file: join(folder, "memory.max"), value: String(memoryMiB * MIB) },
    { file: join(folder, "memory.swap.max"), value: "0", optional: true as const },
  ]);
}

/** @returns undefined: no limit, since the computer has no more CPUs than that */
function quotaOf(cpu: number): number | undefined {
  return cpu >= availableParallelism() ? undefined : Math.round(cpu * CPU_PERIOD);
}

async function written(file: string, value: string): Promise<boolean> {
  return writeFile(file, value).then(
    () => true,
    () => false,
  );
}

/** Processes of these groups and all below; empty also when a group does not exist. */
export async function processesOf(folders: readonly string[]): Promise<readonly number[]> {
  const all = await Promise.all((await Promise.all(folders.map(withChildren))).flat().map(processesIn));
  return [...new Set(all.flat())];
}

async function processesIn(folder: string): Promise<readonly number[]> {
  const words = await readWords(join(folder, "cgroup.procs"));
  return words.map(Number);
}

/** Removes groups that have no process; waits a little for those that are about to end. */
export async function removeGroup(folder: string, deadlineMs: number): Promise<boolean> {
  return waitUntil(async () => {
    for (const each of (await withChildren(folder)).toReversed()) await rmdir(each).catch(() => {});
    return stat(folder).then(
      () => false,
      () => true,
    );
  }, deadlineMs);
}

/** The folder first, its children after it. */
async function withChildren(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => withChildren(join(folder, entry.name))),
  );
  return [folder, ...below.flat()];
}

/** @returns names of the machines that have a group */
export async function namesOfGroups({ folders }: Pick<StandGroups, "folders">): Promise<readonly string[]> {
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder, { withFileTypes: true }).catch(() => []))
        .filter((entry) => entry.isDirectory())
        .map((entry) => basename(entry.name)),
    ),
  );
  return [...new Set(names.flat())];
}

async function readWords(file: string): Promise<readonly string[]> {
  return ((await readText(file)) ?? "").split(/\s+/).filter((word) => word !== "");
}

/** Without the newline at the end; undefined when there is no such file. */
async function readText(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}
