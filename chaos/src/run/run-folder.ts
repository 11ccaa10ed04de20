import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as z from "zod";
import { CHAOS_EXIT, ChaosError } from "./exit.ts";
import { ExperimentRun, RUN_FILES } from "./record.ts";

/**
 * Makes the folder of a new run.
 *
 * @returns its id (`2026-11-23T20-35-00Z-CE-01`) and its path; a second run of the same second gets a number
 */
export async function makeRunFolder(
  runs: string,
  experiment: string,
  now: Date,
): Promise<{ id: string; folder: string }> {
  await mkdir(runs, { recursive: true });
  const first = `${now.toISOString().slice(0, 19).replaceAll(":", "-")}Z-${experiment}`;
  for (let attempt = 1; ; attempt += 1) {
    const id = attempt === 1 ? first : `${first}-${attempt}`;
    const folder = join(runs, id);
    try {
      await mkdir(folder);
      return { id, folder };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 100) throw error;
    }
  }
}

/** Never half a file, even when the process is killed. */
export async function writeRun(folder: string, run: ExperimentRun): Promise<void> {
  const file = join(folder, RUN_FILES.record);
  await writeFile(`${file}.new`, `${JSON.stringify(run, null, 1)}\n`);
  await rename(`${file}.new`, file);
}

/**
 * @param idOrFolder the id of a run below `runs`, or the path of its folder
 * @throws {ChaosError} (usage) where there is no such run, or its record is not what this version reads
 */
export async function readRun(runs: string, idOrFolder: string): Promise<{ run: ExperimentRun; folder: string }> {
  const folder = /[/\\]/.test(idOrFolder) ? resolve(idOrFolder) : join(runs, idOrFolder);
  const file = join(folder, RUN_FILES.record);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new ChaosError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`, CHAOS_EXIT.usage);
  }
  const parsed = ExperimentRun.safeParse(content);
  if (parsed.success) return { run: parsed.data, folder };
  throw new ChaosError(`${file} is not what this version reads:\n${z.prettifyError(parsed.error)}`, CHAOS_EXIT.usage);
}

/** Ids of the complete runs, oldest first. */
export async function listRuns(runs: string): Promise<string[]> {
  const entries = await readdir(runs, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory() && (await readdir(join(runs, entry.name))).includes(RUN_FILES.record))
      found.push(entry.name);
  }
  return found.sort();
}
