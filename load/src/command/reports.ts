import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, EXIT, listRuns } from "@goldenring/run-kit";
import { RUN_FILES } from "../record/record.ts";
import { readRun } from "../record/run-folder.ts";
import { junitXml } from "../report/junit.ts";
import { writeComparison, writeReport } from "../report/write-report.ts";
import type { LoadDeps } from "./deps.ts";

/** Writes the page of a run anew; without a name, of the newest run. */
export async function report(run: string | undefined, junit: string | undefined, deps: LoadDeps): Promise<number> {
  const folder = await folderOf(run, deps.runs);
  deps.output.result(await writeReport(folder));
  if (junit !== undefined) {
    await writeFile(junit, junitXml((await readRun(folder)).record));
    deps.output.result(junit);
  }
  return EXIT.ok;
}

/** Writes one page with two or more runs over each other. */
export async function compare(runs: readonly string[], file: string | undefined, deps: LoadDeps): Promise<number> {
  const folders = await Promise.all(runs.map((run) => folderOf(run, deps.runs)));
  const target =
    file ?? join(deps.runs, `comparison-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}Z.html`);
  await writeComparison(folders, target);
  deps.output.result(target);
  return EXIT.ok;
}

/** A run is named by its folder or by its id. @throws {CommandError} (usage) */
async function folderOf(run: string | undefined, runs: string): Promise<string> {
  const ids = await listRuns(runs, RUN_FILES.record);
  if (run === undefined) {
    const newest = ids.at(-1);
    if (newest !== undefined) return join(runs, newest);
    throw new CommandError(`There is no run in ${runs} yet.`, "usage");
  }
  if (ids.includes(run)) return join(runs, run);
  if (existsSync(run)) return run;
  const known = ids.slice(-5).join("\n  ");
  throw new CommandError(`There is no run ${run}. The newest are:\n  ${known}`, "usage");
}
