/** Finds out which cgroups this computer has and where in them this process is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { v1GroupMaker } from "./cgroup-v1.ts";
import { v2GroupMaker } from "./cgroup-v2.ts";
import type { GroupMaker } from "./limits.ts";

/**
 * A maker of limited groups, or a sentence that says why there is none. Tries one group before it promises anything: the rights
 * to make groups are known only by making one.
 */
export function findGroupMaker(): GroupMaker | string {
  if (process.platform !== "linux") return `cgroups are a part of Linux, this is ${process.platform}`;
  try {
    const maker = groupMakerFor(
      readFileSync("/proc/self/mountinfo", "utf8"),
      readFileSync("/proc/self/cgroup", "utf8"),
    );
    if (maker === undefined) return "no cgroup tree with both CPU and memory is mounted";
    maker.make(`goldenring-bench-${process.pid}-try`, { cpuMsPer100: 25, memoryMiB: 128 }).remove();
    return maker;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * @param mountinfo text of /proc/self/mountinfo  @param selfCgroup text of /proc/self/cgroup
 * On a computer that has both versions mounted, v1 wins if it holds the CPU and memory controllers, as then v2 can't.
 */
export function groupMakerFor(mountinfo: string, selfCgroup: string): GroupMaker | undefined {
  const mounts = parseMounts(mountinfo);
  const membership = parseMembership(selfCgroup);
  const v1 = (controller: string) => {
    const mount = mounts.find((each) => each.type === "cgroup" && each.options.includes(controller));
    return mount === undefined ? undefined : directoryOf(mount, membership.get(controller) ?? "/");
  };
  const cpu = v1("cpu");
  const cpuacct = v1("cpuacct");
  const memory = v1("memory");
  if (cpu !== undefined && cpuacct !== undefined && memory !== undefined) return v1GroupMaker({ cpu, cpuacct, memory });
  const unified = mounts.find((each) => each.type === "cgroup2");
  if (unified === undefined) return undefined;
  return v2GroupMaker(directoryOf(unified, membership.get("") ?? "/"), unified.mountPoint);
}

interface CgroupMount {
  readonly type: string;
  /** Which part of the tree is mounted; not "/" in a container. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
}

/** Source of the format: proc_pid_mountinfo(5). */
function parseMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before, after] = line.split(" - ");
    const [, , , root, mountPoint] = before?.split(" ") ?? [];
    const [type, , options] = after?.split(" ") ?? [];
    if (root === undefined || mountPoint === undefined || type === undefined || options === undefined) continue;
    if (type === "cgroup" || type === "cgroup2") mounts.push({ type, root, mountPoint, options: options.split(",") });
  }
  return mounts;
}

/** Path of this process by controller; the v2 path under the empty name. */
function parseMembership(selfCgroup: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of selfCgroup.split("\n")) {
    const [, controllers, ...path] = line.split(":");
    if (controllers === undefined) continue;
    for (const controller of controllers.split(",")) paths.set(controller, path.join(":"));
  }
  return paths;
}

function directoryOf(mount: CgroupMount, path: string): string {
  const inside = mount.root !== "/" && path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
  // Outside of what is mounted here (a container that sees the host's paths): the mounted part's own top.
  if (inside.startsWith("/..") || (mount.root !== "/" && inside === path)) return mount.mountPoint;
  return join(mount.mountPoint, inside);
}
