import { existsSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "@goldenring/stand";
import { type Command, Option } from "commander";
import { listRuns } from "../record/run-folder.ts";
import type { CommandContext } from "./command-line.ts";
import { CommandError } from "./exit.ts";
import { columns, type Output } from "./output.ts";

/** What the commands of load tests and of experiments get from the program that they are part of. */
export interface RunDeps extends CommandContext {
  readonly output: Output;
  /** The folder of all runs. */
  readonly runs: string;
}

/** Stored runs of one kind. Whatever reads one throws a CommandError (usage) where its files are not what this version reads. */
export interface RunKind<Run> {
  /** The file that completes the folder of a run. */
  readonly record: string;
  readonly read: (folder: string) => Promise<Run>;
  /** Of the list of runs: verdict, start and so on. */
  readonly row: (run: Run) => readonly string[];
  /** Writes the report of a run into its folder. @returns the page's file */
  readonly report: (folder: string) => Promise<string>;
  readonly junit: (run: Run) => string;
  /** @param runs two or more @returns one page */
  readonly compare: (runs: readonly Run[]) => Promise<string>;
}

/** The commands on stored runs: `runs`, `report` and `compare`. A run is named by its id or by its folder. */
export function addRunCommands<Run>(program: Command, { output, runs: defaultRuns }: RunDeps, kind: RunKind<Run>) {
  const folders = (): Option =>
    new Option("--runs <folder>", "where the folders of runs are").default(defaultRuns, `runs/${program.name()}`);
  program
    .command("runs")
    .description("the stored runs, oldest first, with their verdicts")
    .addOption(folders())
    .action(async ({ runs }) => output.result(columns(await rowsOf(runs, kind)).join("\n")));
  program
    .command("report [run]")
    .description("write the report of a run again (default: the newest run)")
    .addOption(folders())
    .option("--junit <file>", "also write its verdict as JUnit XML")
    .action(async (run: string | undefined, { runs, junit }) => {
      const folder = await folderOf(run, runs, kind);
      output.result(await kind.report(folder));
      if (junit === undefined) return;
      replaceFile(junit, kind.junit(await kind.read(folder)));
      output.result(junit);
    });
  program
    .command("compare <runs...>")
    .description("write one page that compares two or more runs")
    .addOption(folders())
    .option("-o, --output <file>", "the page (default: beside the runs)")
    .action(async (names: string[], { runs, output: file }) => {
      const all = await Promise.all(names.map((name) => folderOf(name, runs, kind)));
      const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
      output.result(await writeComparison(all, file ?? join(runs, `comparison-${time}Z.html`), kind));
    });
}

/** @returns the file @throws {CommandError} (usage) where there is nothing to compare */
export async function writeComparison<Run>(
  folders: readonly string[],
  file: string,
  { read, compare }: Pick<RunKind<Run>, "read" | "compare">,
): Promise<string> {
  const different = [...new Set(folders)];
  if (different.length < 2) throw new CommandError("A comparison needs at least two different runs.", "usage");
  replaceFile(file, await compare(await Promise.all(different.map(read))));
  return file;
}

async function rowsOf<Run>(runs: string, { record, read, row }: RunKind<Run>): Promise<(readonly string[])[]> {
  const rows = (await listRuns(runs, record)).map(async (id) => {
    try {
      return [id, ...row(await read(join(runs, id)))];
    } catch (error) {
      if (error instanceof CommandError) return [id, "this version cannot read its record"];
      throw error;
    }
  });
  return Promise.all(rows);
}

/** @throws {CommandError} (usage) */
async function folderOf(run: string | undefined, runs: string, { record }: Pick<RunKind<never>, "record">) {
  const ids = await listRuns(runs, record);
  const id = run ?? ids.at(-1);
  if (id === undefined) throw new CommandError(`There is no run in ${runs} yet.`, "usage");
  if (ids.includes(id)) return join(runs, id);
  if (existsSync(id)) return id;
  throw new CommandError(`There is no run ${id}. The newest are:\n  ${ids.slice(-5).join("\n  ")}`, "usage");
}
