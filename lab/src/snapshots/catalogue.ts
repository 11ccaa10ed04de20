import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Folders } from "../folders.ts";
import { assertSnapshotName } from "../plan.ts";
import { LabProblem } from "../problem.ts";
import type { TaskOptions } from "../progress.ts";
import { readJson } from "../state/json-file.ts";
import { RTO, readSettings } from "../state/settings.ts";

const snapshotShape = z.object({
  name: z.string(),
  /** ISO 8601. */
  madeAt: z.string(),
  image: z.string(),
  network: z.string(),
  machines: z.array(z.string()),
  /** Of the whole stand: then it has the secrets that the disks fit to, and the timings they were configured for. */
  whole: z.boolean(),
  rto: z.enum(RTO),
});

export type SnapshotFacts = z.output<typeof snapshotShape>;

export type Snapshot = SnapshotFacts & {
  /** Space it takes, as the file system counts it; blocks shared with a disk count here too. */
  readonly bytes: number;
};

export interface SnapshotOptions extends TaskOptions {
  /** One machine; default: the whole stand. */
  readonly machine?: string;
}

/** Begins the names of folders that are no snapshots yet, or no longer. */
export const UNFINISHED = ".saving-";

/** Newest first. */
export async function listSnapshots(folders: Folders): Promise<readonly Snapshot[]> {
  const names = (await readdir(folders.snapshots).catch(() => [])).filter((name) => !name.startsWith("."));
  const all = await Promise.all(names.map((name) => readSnapshot(folders, name)));
  return all.toSorted((one, other) => (one.madeAt < other.madeAt ? 1 : -1));
}

/** @throws LabProblem when there is none of that name */
export async function deleteSnapshot(folders: Folders, name: string): Promise<void> {
  await readSnapshot(folders, name);
  const folder = join(folders.snapshots, `${UNFINISHED}deleted`);
  await removeUnfinishedSnapshots(folders);
  await rename(folders.snapshot(name), folder);
  await rm(folder, { recursive: true });
}

export async function readSnapshot(folders: Folders, name: string): Promise<Snapshot> {
  const folder = folders.snapshot(assertSnapshotName(name));
  const found = await readJson(join(folder, "snapshot.json"), snapshotShape);
  if (!found) throw new LabProblem(`There is no snapshot "${name}": \`ring snapshot list\` shows those there are.`);
  const sizes = await Promise.all(
    found.machines.map(
      async (machine) => (await stat(join(folder, `${machine}.img`)).catch(() => undefined))?.blocks ?? 0,
    ),
  );
  return { ...found, name, bytes: sizes.reduce((sum, blocks) => sum + blocks * 512, 0) };
}

/** What an interrupted run left. */
export async function removeUnfinishedSnapshots(folders: Folders): Promise<void> {
  await mkdir(folders.snapshots, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folders.snapshots)) {
    if (name.startsWith(UNFINISHED)) await rm(join(folders.snapshots, name), { recursive: true });
  }
}

/** Golden images that a stand or a snapshot of it needs. */
export async function imagesInUse(folders: Folders): Promise<readonly string[]> {
  const settings = await readSettings(folders).catch(() => undefined);
  const snapshots = await listSnapshots(folders).catch(() => []);
  return [...(settings?.image === undefined ? [] : [settings.image]), ...snapshots.map(({ image }) => image)];
}
