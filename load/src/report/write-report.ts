import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import { readRun } from "../record/run-folder.ts";
import { comparisonPage } from "./comparison-page.ts";
import { runPage } from "./run-page.ts";

/** In a run's folder. */
export const REPORT_FILE = "report.html";

/**
 * Writes the report of a run into its folder.
 *
 * @returns the file's path
 * @throws {CommandError} (usage) where there is no such run
 */
export async function writeReport(folder: string): Promise<string> {
  const run = await readRun(folder);
  const file = join(folder, REPORT_FILE);
  replaceFile(file, await runPage(run, await readdir(folder)));
  return file;
}

/**
 * Writes the comparison of two or more runs.
 *
 * @throws {CommandError} (usage) where a run is not there, or there is nothing to compare
 */
export async function writeComparison(folders: readonly string[], file: string): Promise<void> {
  const different = [...new Set(folders)];
  if (different.length < 2) throw new CommandError("a comparison needs two different runs or more", "usage");
  replaceFile(file, await comparisonPage(await Promise.all(different.map(readRun))));
}
