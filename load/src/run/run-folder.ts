import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { LOAD_EXIT, LoadError } from "./exit.ts";
import { RUN_FILES, RunRecord, Series } from "./record.ts";

/** `2026-11-23T20-35-00Z-browse-cities`: sorts by time, and is a file name everywhere. */
export function newRunId(scenario: string, now: Date): string {
  return `${now.toISOString().slice(0, 19).replaceAll(":", "-")}Z-${scenario}`;
}

/** Makes the folder of a new run. @returns its id and its path; a second run of the same second gets a number */
export async function makeRunFolder(
  runs: string,
  scenario: string,
  now: Date,
): Promise<{ id: string; folder: string }> {
  await mkdir(runs, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const id = newRunId(scenario, now) + (attempt === 1 ? "" : `-${attempt}`);
    const folder = join(runs, id);
    try {
      await mkdir(folder);
      return { id, folder };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 100) throw error;
    }
  }
}

/** The record last: a folder that has one is complete. */
export async function writeRun(folder: string, record: RunRecord, series: Series): Promise<void> {
  await writeWhole(join(folder, RUN_FILES.series), JSON.stringify(series));
  await writeWhole(join(folder, RUN_FILES.record), `${JSON.stringify(record, null, 2)}\n`);
}

/** Never half a file, even when the process is killed. */
async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/** @throws {LoadError} (usage) where there is no such run, or its files are not what this version reads */
export async function readRun(folder: string): Promise<{ record: RunRecord; series: Series }> {
  return {
    record: await readAs(RunRecord, join(folder, RUN_FILES.record)),
    series: await readAs(Series, join(folder, RUN_FILES.series)),
  };
}

/** Ids of the complete runs, oldest first. */
export async function listRuns(runs: string): Promise<string[]> {
  const entries = await readdir(runs, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const files = await readdir(join(runs, entry.name));
    if (files.includes(RUN_FILES.record)) found.push(entry.name);
  }
  return found.sort();
}

async function readAs<T>(form: z.ZodType<T>, file: string): Promise<T> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new LoadError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`, LOAD_EXIT.usage);
  }
  const parsed = form.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new LoadError(`${file} is not what this version reads:\n${z.prettifyError(parsed.error)}`, LOAD_EXIT.usage);
}
