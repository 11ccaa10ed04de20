import { join } from "node:path";
import { writeComparison, writeReport } from "../report/write-report.ts";
import { CHAOS_EXIT, ChaosError } from "../run/exit.ts";
import { listRuns, readRun } from "../run/run-folder.ts";
import type { ChaosOutput } from "./deps.ts";

/** Writes the report of a run anew, from its record. @param id default: the newest run */
export async function report(runs: string, id: string | undefined, output: ChaosOutput): Promise<void> {
  const wanted = id ?? (await listRuns(runs)).at(-1);
  if (wanted === undefined) throw new ChaosError(`There is no run in ${runs} yet.`, CHAOS_EXIT.usage);
  const { run, folder } = await readRun(runs, wanted);
  output.result(await writeReport(folder, run));
}

/** Writes a page that lays runs side by side. */
export async function compare(
  runs: string,
  ids: readonly string[],
  file: string | undefined,
  output: ChaosOutput,
): Promise<void> {
  const records = await Promise.all(ids.map((id) => readRun(runs, id)));
  const page = file ?? join(runs, "comparison.html");
  await writeComparison(
    page,
    records.map(({ run }) => run),
  );
  output.result(page);
}

/** Ids of the runs, oldest first. */
export async function listAllRuns(runs: string, output: ChaosOutput): Promise<void> {
  for (const id of await listRuns(runs)) output.result(id);
}
