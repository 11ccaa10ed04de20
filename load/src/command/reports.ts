import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, listRuns } from "@goldenring/run-kit";
import { RUN_FILES, readRun } from "../record/record.ts";
import { writeComparison } from "../report/comparison.ts";
import { junitOfRun } from "../report/junit.ts";
import { writeReport } from "../report/run-page.ts";
import type { LoadDeps } from "./deps.ts";

/** Writes the page of a run again; without a name, of the newest run. @param junit file for its verdict as JUnit XML */
export async function report(run: string | undefined, junit: string | undefined, deps: LoadDeps): Promise<void> {
  const folder = await folderOf(run, deps.runs);
  deps.output.result(await writeReport(folder));
  if (junit === undefined) return;
  await writeFile(junit, junitOfRun((await readRun(folder)).record));
  deps.output.result(junit);
}

export async function compare(runs: readonly string[], output: string | undefined, deps: LoadDeps): Promise<void> {
  const folders = await Promise.all(runs.map((run) => folderOf(run, deps.runs)));
  const name = `comparison-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}Z.html`;
  const file = output ?? join(deps.runs, name);
  await writeComparison(folders, file);
  deps.output.result(file);
}

/** A run is named by its folder or by its id. @throws {CommandError} (usage) */
async function folderOf(run: string | undefined, runs: string): Promise<string> {
  const ids = await listRuns(runs, RUN_FILES.record);
  const id = run ?? ids.at(-1);
  if (id === undefined) throw new CommandError(`There is no run in ${runs} yet.`, "usage");
  if (ids.includes(id)) return join(runs, id);
  if (existsSync(id)) return id;
  throw new CommandError(`There is no run ${id}. The newest are:\n  ${ids.slice(-5).join("\n  ")}`, "usage");
}
