/** What a measured process may use. */
export interface Limits {
  /** CPU time in each 100 ms, in ms: 25 is a quarter of a core, as Kubernetes enforces `cpu: 250m`. */
  readonly cpuMsPer100: number;
  readonly memoryMiB: number;
}

/** An API replica of the 2023 baseline: 250 millicores, 128 Mi. */
export const replicaLimits: Limits = { cpuMsPer100: 25, memoryMiB: 128 };

/** What a group has used since it was made, and what it holds now. */
export interface GroupUse {
  readonly cpuSeconds: number;
  /**
   * Memory charged to the group now, in MiB, socket buffers included. File pages are left out: the kernel takes them back before it
   * kills for lack of memory, and which group they are charged to depends on who read the file first.
   */
  readonly memoryMiB: number;
  readonly outOfMemoryKills: number;
}

/** A cgroup made for one measured process. */
export interface LimitedGroup {
  /** Files a process writes its id to, to join. */
  readonly joinFiles: readonly string[];
  readonly use: () => GroupUse;
  /** Removes the group. Throws while a process is still in it. */
  readonly remove: () => void;
}

export interface GroupMaker {
  readonly version: 1 | 2;
  /** Throws when the kernel refuses, for example without the rights. */
  readonly make: (name: string, limits: Limits) => LimitedGroup;
}
