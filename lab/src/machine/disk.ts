import { existsSync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runOrFail } from "../run.ts";

const GIB = 1_073_741_824;

/** An ext4 file system of that size in a file that takes only the space that is used; it appears when it is whole. */
export async function makeDisk(file: string, sizeGiB: number, signal?: AbortSignal): Promise<void> {
  if (existsSync(file)) return;
  const next = `${file}.making`;
  await rm(next, { force: true });
  const handle = await open(next, "wx", 0o600);
  await handle.truncate(sizeGiB * GIB);
  await handle.close();
  const options = "lazy_itable_init=1,lazy_journal_init=1,nodiscard";
  await runOrFail(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", options, next], { signal });
  await rename(next, file);
}

/** A copy of the same sparseness, sharing its blocks with the original where the file system can; it appears when it is whole. */
export async function copyDisk(from: string, to: string, signal?: AbortSignal): Promise<void> {
  const next = `${to}.making`;
  await rm(next, { force: true });
  await runOrFail(["cp", "--sparse=auto", "--reflink=auto", "--preserve=mode", from, next], {
    signal,
    deadlineMs: 600_000,
  });
  await rename(next, to);
}

/** Removes what an interrupted run left unfinished. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith(".making") || name.endsWith(".new")) await rm(join(folder, name), { force: true });
  }
}
