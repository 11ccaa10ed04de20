import { join } from "node:path";

/** A mounted cgroup hierarchy. A computer has one (version 2), several (version 1), or both (hybrid). */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** Version 1: its controllers (`name=systemd` is one of them). Version 2: none, they are files of the folder. */
  readonly controllers: readonly string[];
  /** Folder of this process. */
  readonly own: string;
}

/** Version 1 controllers in which a machine gets a group: what it needs itself, and what its containers do. */
const CONTROLLERS = ["cpu", "cpuacct", "cpuset", "memory", "blkio", "pids", "devices", "freezer", "name=systemd"];

/**
 * @param mounts of /proc/self/mountinfo
 * @param selfCgroup /proc/self/cgroup, see cgroups(7)
 */
export function findHierarchies(mounts: readonly Mount[], selfCgroup: string): readonly Hierarchy[] {
  const paths = parseSelfCgroup(selfCgroup);
  const found = mounts.flatMap((mount): Hierarchy[] => {
    const version = mount.type === "cgroup2" ? 2 : 1;
    const controllers = version === 2 ? [] : CONTROLLERS.filter((controller) => mount.options.includes(controller));
    // In /proc/self/cgroup, version 2 is the line without controllers.
    const named = version === 2 ? "" : controllers[0];
    if (!mount.type.startsWith("cgroup") || named === undefined) return [];
    return [{ version, mountPoint: mount.mountPoint, controllers, own: ownFolder(mount, paths.get(named) ?? "/") }];
  });
  // The same hierarchy may be mounted in several places.
  const key = ({ version, controllers }: Hierarchy) => `${version}:${controllers.join()}`;
  return found.filter((hierarchy, index) => found.findIndex((other) => key(other) === key(hierarchy)) === index);
}

function parseSelfCgroup(text: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(",")) paths.set(controller, path);
  }
  return paths;
}

/** In a container only a part of the hierarchy may be mounted, while the path starts at its root. */
function ownFolder({ root, mountPoint }: Mount, path: string): string {
  const inside = root !== "/" && (path === root || path.startsWith(`${root}/`)) ? path.slice(root.length) : path;
  return join(mountPoint, inside);
}

/**
 * Where the stand's groups are: at the top, except for version 1's memory. There they are below the group of the process that starts
 * the stand, so that its limit includes the machines.
 */
export function standGroup(hierarchy: Hierarchy, namespace: string): string {
  if (!hierarchy.controllers.includes("memory")) return join(hierarchy.mountPoint, namespace);
  const [outside = ""] = hierarchy.own.split("/ring-");
  return join(outside, namespace);
}

/** @returns the version that limits CPU and memory; undefined when the computer cannot */
export function limitingVersion(
  hierarchies: readonly Hierarchy[],
  controllersOfVersion2: readonly string[],
): Hierarchy["version"] | undefined {
  const canLimit = (controllers: readonly string[]) => controllers.includes("cpu") && controllers.includes("memory");
  if (canLimit(hierarchies.flatMap(({ controllers }) => controllers))) return 1;
  return canLimit(controllersOfVersion2) ? 2 : undefined;
}

/** One line of /proc/PID/mountinfo, see proc_pid_mountinfo(5). */
export interface Mount {
  /** The folder of the file system that forms the root of this mount. */
  readonly root: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  /** Per-superblock options. */
  readonly options: readonly string[];
}

/** Lines of another form are left out. */
export function parseMountInfo(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    // 36 35 98:0 /root /mount rw,noatime shared:1 - ext3 /dev/sda rw,errors=continue : the fields before the hyphen vary in number.
    const [before = "", after] = line.split(" - ");
    const [, , , root, mountPoint] = before.split(" ");
    const [type, source, options] = after?.split(" ") ?? [];
    if (root === undefined || mountPoint === undefined || type === undefined) return [];
    return [
      {
        root: unescapeOctal(root),
        mountPoint: unescapeOctal(mountPoint),
        type,
        source: unescapeOctal(source ?? ""),
        options: options?.split(",") ?? [],
      },
    ];
  });
}

/** The kernel writes space, tab, newline and backslash as octal numbers. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
