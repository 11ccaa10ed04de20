import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { RTO } from "@goldenring/stand";
import { z } from "zod";
import type { Folders } from "../folders.ts";
import { assertSnapshotName } from "../plan.ts";
import { readJson } from "../state/json-file.ts";
import { Replica, readSettings } from "../state/settings.ts";
import type { TaskOptions } from "../task.ts";

const SnapshotFacts = z.object({
  name: z.string(),
  /** ISO 8601. */
  madeAt: z.string(),
  image: z.string(),
  network: z.string(),
  machines: z.array(z.string()),
  /** Whether it is of the whole stand: then it also has the secrets and the timings that belong to the disks. */
  whole: z.boolean(),
  rto: z.enum(RTO),
  replica: Replica,
});

export type SnapshotFacts = z.output<typeof SnapshotFacts>;

export type Snapshot = SnapshotFacts & {
  /** Space it takes, as the file system counts it; blocks shared with a disk count here too. */
  readonly bytes: number;
};

export interface SnapshotOptions extends TaskOptions {
  /** One machine; default: the whole stand. */
  readonly machine?: string | undefined;
}

/** Of a file's size as stat(2) counts it. */
const BLOCK_BYTES = 512;

/** Prefix of folders that are incomplete, or being deleted. */
export const INCOMPLETE = ".saving-";

/** Newest first. */
export async function listSnapshots(folders: Folders): Promise<readonly Snapshot[]> {
  const names = (await readdir(folders.snapshots).catch(() => [])).filter((name) => !name.startsWith("."));
  const all = await Promise.all(names.map((name) => readSnapshot(folders, name)));
  return all.toSorted((one, other) => (one.madeAt < other.madeAt ? 1 : -1));
}

/** @throws {CommandError} when there is no snapshot of that name */
export async function deleteSnapshot(folders: Folders, name: string): Promise<void> {
  await readSnapshot(folders, name);
  const folder = join(folders.snapshots, `${INCOMPLETE}deleted`);
  await removeIncompleteSnapshots(folders);
  await rename(folders.snapshot(name), folder);
  await rm(folder, { recursive: true });
}

export async function readSnapshot(folders: Folders, name: string): Promise<Snapshot> {
  const folder = folders.snapshot(assertSnapshotName(name));
  const found = await readJson(join(folder, "snapshot.json"), SnapshotFacts);
  if (!found) throw new CommandError(`There is no snapshot "${name}": \`ring snapshot list\` shows all.`, "noStand");
  const disks = await Promise.all(
    found.machines.map((machine) => stat(join(folder, `${machine}.img`)).catch(() => undefined)),
  );
  return { ...found, name, bytes: disks.reduce((sum, disk) => sum + (disk?.blocks ?? 0) * BLOCK_BYTES, 0) };
}

/** Removes what an interrupted run left. */
export async function removeIncompleteSnapshots(folders: Folders): Promise<void> {
  await mkdir(folders.snapshots, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folders.snapshots)) {
    if (name.startsWith(INCOMPLETE)) await rm(join(folders.snapshots, name), { recursive: true });
  }
}

/** Golden images and programs that a stand or a snapshot of it needs. */
export async function imagesInUse(folders: Folders): Promise<readonly string[]> {
  const settings = await readSettings(folders).catch(() => undefined);
  const snapshots = await listSnapshots(folders).catch(() => []);
  return [settings?.programs, ...[settings, ...snapshots].map((each) => each?.image)].filter(
    (name) => name !== undefined,
  );
}
