import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "@goldenring/stand";
import { LOAD_EXIT, LoadError } from "../run/exit.ts";
import { comparisonPage } from "./comparison-page.ts";
import { runPage } from "./run-page.ts";
import { openRun } from "./stored-run.ts";

/** In a run's folder. */
export const REPORT_FILE = "report.html";

/**
 * Writes the report of a run into its folder.
 *
 * @returns the file's path
 * @throws {LoadError} (usage) where there is no such run
 */
export async function writeReport(folder: string): Promise<string> {
  const run = await openRun(folder);
  const file = join(folder, REPORT_FILE);
  replaceFile(file, await runPage(run, await readdir(folder)));
  return file;
}

/**
 * Writes the comparison of two or more runs.
 *
 * @throws {LoadError} (usage) where a run is not there, or there is nothing to compare
 */
export async function writeComparison(folders: readonly string[], file: string): Promise<void> {
  const different = [...new Set(folders)];
  if (different.length < 2) throw new LoadError("a comparison needs two different runs or more", LOAD_EXIT.usage);
  replaceFile(file, await comparisonPage(await Promise.all(different.map(openRun))));
}
