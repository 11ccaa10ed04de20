import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import type { ExperimentRun } from "../run/record.ts";
import { comparisonPage } from "./comparison-page.ts";
import { junitOfRuns } from "./run-junit.ts";
import { runMarkdown } from "./run-markdown.ts";
import { runPage } from "./run-page.ts";

/** In the folder of a run. */
export const REPORT_FILES = { page: "report.html", summary: "summary.md", junit: "junit.xml" } as const;

/**
 * Writes the reports of a run into its folder.
 *
 * @returns the path of the page
 */
export async function writeReport(folder: string, run: ExperimentRun): Promise<string> {
  const page = join(folder, REPORT_FILES.page);
  replaceFile(page, await runPage(run));
  replaceFile(join(folder, REPORT_FILES.summary), runMarkdown(run));
  replaceFile(join(folder, REPORT_FILES.junit), junitOfRuns([run]));
  return page;
}

/** JUnit XML of runs that belong together. @returns its path */
export function writeJunit(runs: string, name: string, startedAt: Date, records: readonly ExperimentRun[]): string {
  const file = join(runs, `${startedAt.toISOString().slice(0, 19).replaceAll(":", "-")}Z-${name}.junit.xml`);
  replaceFile(file, junitOfRuns(records));
  return file;
}

/** @throws {CommandError} (usage) where there is nothing to compare */
export async function writeComparison(file: string, runs: readonly ExperimentRun[]): Promise<void> {
  const ids = new Set(runs.map(({ id }) => id));
  if (ids.size < 2) throw new CommandError("A comparison needs two different runs or more.", "usage");
  replaceFile(file, await comparisonPage(runs));
}
