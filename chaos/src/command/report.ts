import { join } from "node:path";
import { CommandError, listRuns, moment, type Output, plural } from "@goldenring/run-kit";
import { endText } from "../report/words.ts";
import { writeComparison, writeReport } from "../report/write.ts";
import { RUN_FILES, readRun } from "../run/record.ts";
import { columns } from "./list.ts";

/** Writes the report of a run again, from its record. @param id default: the newest run */
export async function report(runs: string, id: string | undefined, output: Output): Promise<void> {
  const wanted = id ?? (await listRuns(runs, RUN_FILES.record)).at(-1);
  if (wanted === undefined) throw new CommandError(`There is no run in ${runs} yet.`, "usage");
  const { run, folder } = await readRun(runs, wanted);
  output.result(await writeReport(folder, run));
}

export async function compare(runs: string, ids: readonly string[], output: Output, file?: string): Promise<void> {
  const stored = await Promise.all(ids.map((id) => readRun(runs, id)));
  const page = file ?? join(runs, "comparison.html");
  const records = stored.map(({ run }) => run);
  await writeComparison(page, records);
  output.result(page);
}

/** Oldest first: id, verdict and when it started. */
export async function listAllRuns(runs: string, output: Output): Promise<void> {
  const ids = await listRuns(runs, RUN_FILES.record);
  const rows = ids.map(async (id) => {
    try {
      const { run } = await readRun(runs, id);
      return [id, endText(run), plural(run.rounds.length, "round"), moment(run.startedAt)];
    } catch (error) {
      if (error instanceof CommandError) return [id, "this version cannot read its record"];
      throw error;
    }
  });
  output.result(columns(await Promise.all(rows)));
}
