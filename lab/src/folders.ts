import { join, resolve } from "node:path";
import { CommandError } from "@goldenring/run-kit";

/**
 * Where a stand keeps its files: see "On disk" in docs/lab.md.
 *
 * @throws {CommandError} when the home's path cannot be part of mount options
 */
export function foldersOf(home: string, standName: string) {
  const root = resolve(home);
  if (!/^[A-Za-z0-9/._-]+$/.test(root)) {
    throw new CommandError(`RING_HOME is "${root}": choose a path of letters, digits, dots, hyphens and underscores.`);
  }
  const stand = join(root, "stands", standName);
  return {
    home: root,
    images: join(root, "image"),
    stands: join(root, "stands"),
    stand,
    settings: join(stand, "settings.json"),
    /** While the stand runs: cgroup folders, faults, forwards. */
    runtime: join(stand, "runtime.json"),
    inventory: join(stand, "inventory.yml"),
    secrets: join(stand, "secrets"),
    ssh: join(stand, "ssh"),
    snapshots: join(stand, "snapshots"),
    machines: join(stand, "machines"),
    /** Exists when all copies of a restore are complete: then the next run completes it, else it removes the copies. */
    restore: join(stand, "restore.json"),
    restoredSecrets: join(stand, "secrets.restored"),
    /** Running supervisors read these copies, whatever the checkout has. */
    supervisor: join(stand, "supervisor.sh"),
    mapOwners: join(stand, "map-owners.py"),
    /** Control sockets of ssh; not below the home, since a socket's path has at most 107 characters. */
    sockets: `/run/goldenring/${standName}`,
    namespace: `ring-${standName}`,
    /** Key of the lock on the lab's state; commands of `ring` lock the stand by another key for their whole duration. */
    lock: `lab ${stand}`,
    machine: (name: string) => machineFolder(join(stand, "machines", name)),
    snapshot: (name: string) => join(stand, "snapshots", name),
  } as const;
}
export type Folders = ReturnType<typeof foldersOf>;

const machineFolder = (folder: string) =>
  ({
    folder,
    disk: join(folder, "disk.img"),
    /** Exists while the disk has a fault, and names it. */
    diskFault: join(folder, "disk-fault"),
    restoredDisk: join(folder, "disk.restored"),
    /** Files that the lab puts into the machine before it boots. */
    seed: join(folder, "seed"),
    supervisorPid: join(folder, "supervisor.pid"),
    nspawnPid: join(folder, "nspawn.pid"),
    /** Exists while the machine must stay off: the supervisor does not start it again. */
    stop: join(folder, "stop"),
    /** One line per start and end, with the time in seconds since 1970. */
    events: join(folder, "events.log"),
    console: join(folder, "console.log"),
    supervisorLog: join(folder, "supervisor.log"),
  }) as const;
export type MachineFolder = ReturnType<typeof machineFolder>;
