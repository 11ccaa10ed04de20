import { readFile, writeFile } from "node:fs/promises";
import type { Progress } from "../progress.ts";

/**
 * The kernel's default of 128 inotify instances is for all machines together, since root in each of them is the same user; a machine uses
 * about 8, and systemd ends at once (exit code 255, no word) when it gets none.
 */
const INOTIFY_INSTANCES = 4_096;
const INSTANCES = "/proc/sys/fs/inotify/max_user_instances";

/** Raises what many machines at once need of the kernel; it stays so until the computer is started anew. */
export async function ensureKernelLimits(onProgress: Progress | undefined): Promise<void> {
  const now = Number(await readFile(INSTANCES, "utf8"));
  if (now >= INOTIFY_INSTANCES) return;
  onProgress?.(`raising this computer's fs.inotify.max_user_instances from ${now} to ${INOTIFY_INSTANCES}`);
  await writeFile(INSTANCES, String(INOTIFY_INSTANCES));
}
