import { existsSync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "@goldenring/stand";
import { A_MINUTE } from "../task.ts";

const GIB_BYTES = 2 ** 30;
const COPY_MS = 600_000;

/** Makes an ext4 file system in a sparse file, which appears when it is complete. */
export async function makeDisk(file: string, sizeGiB: number, signal?: AbortSignal): Promise<void> {
  if (existsSync(file)) return;
  const next = `${file}.making`;
  await rm(next, { force: true });
  const handle = await open(next, "wx", 0o600);
  await handle.truncate(sizeGiB * GIB_BYTES);
  await handle.close();
  const options = "lazy_itable_init=1,lazy_journal_init=1,nodiscard";
  await runOrThrow(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", options, next], { ...A_MINUTE, signal });
  await rename(next, file);
}

/** Makes a sparse copy, which appears when it is complete and shares its blocks with the original where the file system can. */
export async function copyDisk(from: string, to: string, signal?: AbortSignal): Promise<void> {
  const next = `${to}.making`;
  await rm(next, { force: true });
  const copy = ["cp", "--sparse=auto", "--reflink=auto", "--preserve=mode", from, next];
  await runOrThrow(copy, { signal, deadlineMs: COPY_MS });
  await rename(next, to);
}

/** Removes the incomplete files of an interrupted run. */
export async function removeIncomplete(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith(".making") || name.endsWith(".new")) await rm(join(folder, name), { force: true });
  }
}
