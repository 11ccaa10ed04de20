/**
 * Groups of cgroup v1, where each controller has its own tree.
 * Source of the file names: https://docs.kernel.org/admin-guide/cgroup-v1/
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filePages, readField, readNumber } from "./cgroup-files.ts";
import type { GroupMaker, LimitedGroup, Limits } from "./limits.ts";

/** The directories this process is in, one a controller. `cpu` and `cpuacct` are often the same. */
export interface V1Directories {
  readonly cpu: string;
  readonly cpuacct: string;
  readonly memory: string;
}

/** Nests under the process's own groups, so that limits already set on those still hold. */
export function v1GroupMaker(own: V1Directories): GroupMaker {
  return { version: 1, make: (name, limits) => makeGroup(own, name, limits) };
}

function makeGroup(own: V1Directories, name: string, limits: Limits): LimitedGroup {
  const cpu = join(own.cpu, name);
  const cpuacct = join(own.cpuacct, name);
  const memory = join(own.memory, name);
  const directories = [...new Set([cpu, cpuacct, memory])];
  const remove = () => {
    for (const directory of directories) if (existsSync(directory)) rmdirSync(directory);
  };
  try {
    for (const directory of directories) mkdirSync(directory);
    writeFileSync(join(cpu, "cpu.cfs_period_us"), "100000");
    writeFileSync(join(cpu, "cpu.cfs_quota_us"), String(limits.cpuMsPer100 * 1000));
    const bytes = String(limits.memoryMiB * 1024 * 1024);
    writeFileSync(join(memory, "memory.limit_in_bytes"), bytes);
    const swap = join(memory, "memory.memsw.limit_in_bytes");
    if (existsSync(swap)) writeFileSync(swap, bytes);
    // Any limit makes v1 count socket buffers; this one is never reached. v2 always counts them.
    const sockets = join(memory, "memory.kmem.tcp.limit_in_bytes");
    if (existsSync(sockets)) writeFileSync(sockets, String(1024 ** 4));
  } catch (error) {
    remove();
    throw error;
  }
  return {
    joinFiles: directories.map((directory) => join(directory, "cgroup.procs")),
    use: () => ({
      cpuSeconds: readNumber(join(cpuacct, "cpuacct.usage")) / 1e9,
      memoryMiB:
        (readNumber(join(memory, "memory.usage_in_bytes")) -
          filePages(join(memory, "memory.stat")) +
          readNumber(join(memory, "memory.kmem.tcp.usage_in_bytes"))) /
        1024 ** 2,
      outOfMemoryKills: readField(join(memory, "memory.oom_control"), "oom_kill"),
    }),
    remove,
  };
}
