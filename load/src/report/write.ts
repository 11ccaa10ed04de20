import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, type ResultsFile, writeResults } from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import { readRun } from "../record/run-folder.ts";
import { comparisonOf } from "./comparison.ts";
import { entriesOf, type MeasuredLoad, mergeEntries, ResultEntry, upgraded } from "./results.ts";
import { loadResultsPage } from "./results-page.ts";
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

/** @throws {CommandError} (usage) where a run is not there, or there is nothing to compare */
export async function writeComparison(folders: readonly string[], file: string): Promise<void> {
  const different = [...new Set(folders)];
  if (different.length < 2) throw new CommandError("a comparison needs at least two different runs", "usage");
  replaceFile(file, await comparisonOf(await Promise.all(different.map(readRun))));
}

const RESULTS: ResultsFile<ResultEntry> = {
  name: "load",
  schema: ResultEntry,
  upgrade: upgraded,
  merge: mergeEntries,
  round: (value) => (Number.isInteger(value) ? value : Number(value.toPrecision(4))),
  page: loadResultsPage,
};

/**
 * Adds measurements to docs/results/load.json and load.md: they replace what the files have about the same scenario, data, encoding and side.
 *
 * @throws {CommandError} when load.json is not what this version reads
 */
export function writeLoadResults(measured: MeasuredLoad, folder?: string): Promise<ResultEntry[]> {
  return writeResults(RESULTS, entriesOf(measured), folder);
}
