import { join, resolve } from "node:path";
import { LabProblem } from "./problem.ts";

export const DEFAULT_HOME = "/var/lib/goldenring";

/** Where a stand keeps its things; docs/lab.md has the same as a picture. */
export interface Folders {
  readonly images: string;
  readonly stands: string;
  readonly stand: string;
  /** Not among the files: the names of what runs are the same wherever these are. */
  readonly lock: string;
  readonly settings: string;
  /** What runs now: cgroup folders, faults, forwards; removed by `down`. */
  readonly runtime: string;
  readonly inventory: string;
  readonly secrets: string;
  readonly ssh: string;
  readonly snapshots: string;
  readonly machines: string;
  /** Control sockets of ssh: the path of a socket may have 107 characters, so it does not stand under the home. */
  readonly sockets: string;
  readonly namespace: string;
  machine(name: string): MachineFolder;
  snapshot(name: string): string;
}

export interface MachineFolder {
  readonly folder: string;
  readonly disk: string;
  /** Files that the lab puts into the machine before it boots. */
  readonly seed: string;
  readonly supervisorPid: string;
  readonly nspawnPid: string;
  /** Exists while the machine is to stay off: the supervisor does not start it again. */
  readonly stop: string;
  /** One line per start and end, with the time in seconds since 1970. */
  readonly events: string;
  readonly console: string;
}

/** @throws LabProblem when the home's path cannot stand in mount options */
export function foldersOf(home: string, stand: string): Folders {
  const root = resolve(home);
  if (!/^[A-Za-z0-9/._-]+$/.test(root)) {
    throw new LabProblem(`RING_HOME is "${root}": choose a path of letters, digits, dots, hyphens and underscores.`);
  }
  const folder = join(root, "stands", stand);
  return {
    images: join(root, "image"),
    stands: join(root, "stands"),
    stand: folder,
    lock: `/run/goldenring/${stand}.lock`,
    settings: join(folder, "settings.json"),
    runtime: join(folder, "runtime.json"),
    inventory: join(folder, "inventory.yml"),
    secrets: join(folder, "secrets"),
    ssh: join(folder, "ssh"),
    snapshots: join(folder, "snapshots"),
    machines: join(folder, "machines"),
    sockets: `/run/goldenring/${stand}`,
    namespace: `ring-${stand}`,
    machine: (name) => machineFolder(join(folder, "machines", name)),
    snapshot: (name) => join(folder, "snapshots", name),
  };
}

function machineFolder(folder: string): MachineFolder {
  return {
    folder,
    disk: join(folder, "disk.img"),
    seed: join(folder, "seed"),
    supervisorPid: join(folder, "supervisor.pid"),
    nspawnPid: join(folder, "nspawn.pid"),
    stop: join(folder, "stop"),
    events: join(folder, "events.log"),
    console: join(folder, "console.log"),
  };
}
