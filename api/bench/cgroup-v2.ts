/**
 * Groups of cgroup v2: one tree for all controllers. Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filePages, readField, readNumber } from "./cgroup-files.ts";
import type { GroupMaker, LimitedGroup, Limits } from "./limits.ts";

/** @param own the directory this process is in  @param root where the tree is mounted */
export function v2GroupMaker(own: string, root: string): GroupMaker {
  return { version: 2, make: (name, limits) => makeGroup(parentWithControllers(own, root), name, limits) };
}

/**
 * The nearest group, from the process's own upward, that hands CPU and memory on to its children. A group that has processes of its own
 * may not (the rule of no internal processes), so that this is as a rule not the own group but one further up.
 */
function parentWithControllers(own: string, root: string): string {
  let refusal: unknown;
  for (let directory = own; directory.startsWith(root); directory = dirname(directory)) {
    const control = join(directory, "cgroup.subtree_control");
    try {
      const given = readFileSync(control, "utf8").trim().split(" ");
      if (given.includes("cpu") && given.includes("memory")) return directory;
      writeFileSync(control, "+cpu +memory");
      return directory;
    } catch (error) {
      refusal = error;
    }
  }
  throw new Error(`no group may hand CPU and memory on to a child: ${String(refusal)}`);
}

function makeGroup(parent: string, name: string, limits: Limits): LimitedGroup {
  const directory = join(parent, name);
  mkdirSync(directory);
  try {
    writeFileSync(join(directory, "cpu.max"), `${limits.cpuMsPer100 * 1000} 100000`);
    writeFileSync(join(directory, "memory.max"), String(limits.memoryMiB * 1024 * 1024));
    const swap = join(directory, "memory.swap.max");
    if (existsSync(swap)) writeFileSync(swap, "0");
  } catch (error) {
    rmdirSync(directory);
    throw error;
  }
  return {
    joinFiles: [join(directory, "cgroup.procs")],
    use: () => ({
      cpuSeconds: readField(join(directory, "cpu.stat"), "usage_usec") / 1e6,
      memoryMiB:
        (readNumber(join(directory, "memory.current")) - filePages(join(directory, "memory.stat"))) / 1024 ** 2,
      outOfMemoryKills: readField(join(directory, "memory.events"), "oom_kill"),
    }),
    remove: () => rmdirSync(directory),
  };
}
