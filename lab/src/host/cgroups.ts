import { join } from "node:path";
import type { Mount } from "./mounts.ts";

/** A mounted cgroup hierarchy. A computer has one (version 2), several (version 1), or both (hybrid). */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** Version 1: its controllers (`name=systemd` is one of them). Version 2: none, they are files of the folder. */
  readonly controllers: readonly string[];
  /** Folder of the asking process. */
  readonly own: string;
}

/** Version 1 controllers that a machine gets an own group of; the others (devices, freezer …) are nspawn's matter. */
const WANTED = ["cpu", "cpuacct", "cpuset", "memory", "pids", "name=systemd"];

/**
 * @param mounts of /proc/self/mountinfo
 * @param selfCgroup /proc/self/cgroup, see cgroups(7)
 */
export function findHierarchies(mounts: readonly Mount[], selfCgroup: string): readonly Hierarchy[] {
  const paths = parseSelfCgroup(selfCgroup);
  const found = mounts.flatMap((mount): Hierarchy[] => {
    if (mount.type === "cgroup2") {
      return [
        { version: 2, mountPoint: mount.mountPoint, controllers: [], own: ownFolder(mount, paths.get("") ?? "/") },
      ];
    }
    if (mount.type !== "cgroup") return [];
    const controllers = WANTED.filter((controller) => mount.options.includes(controller));
    const [first] = controllers;
    if (first === undefined) return [];
    return [{ version: 1, mountPoint: mount.mountPoint, controllers, own: ownFolder(mount, paths.get(first) ?? "/") }];
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

/** In a container only a part of the hierarchy may be mounted, while the path is counted from its root. */
function ownFolder({ root, mountPoint }: Mount, path: string): string {
  const inside = root !== "/" && (path === root || path.startsWith(`${root}/`)) ? path.slice(root.length) : path;
  return join(mountPoint, inside);
}

/**
 * Where the stand's groups are made: at the top, but for version 1's memory: there they stay below the group of whoever starts the
 * stand, so that what holds for it holds for the machines too.
 */
export function standGroup(hierarchy: Hierarchy, namespace: string): string {
  if (!hierarchy.controllers.includes("memory")) return join(hierarchy.mountPoint, namespace);
  const [outside = ""] = hierarchy.own.split("/ring-");
  return join(outside, namespace);
}

/** @returns what enforces limits, and undefined when the computer cannot */
export function limitedBy(
  hierarchies: readonly Hierarchy[],
  controllersOfVersion2: readonly string[],
): { readonly version: 1 | 2 } | undefined {
  const all = hierarchies.flatMap(({ controllers }) => controllers);
  if (all.includes("cpu") && all.includes("memory")) return { version: 1 };
  if (controllersOfVersion2.includes("cpu") && controllersOfVersion2.includes("memory")) return { version: 2 };
  return undefined;
}
