import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import * as z from "zod";
import { SUITES, type Suite } from "../book/suites.ts";
import type { ExperimentRun } from "../run/record.ts";
import { entryOf, mergeEntries, ResultEntry } from "./results.ts";
import { resultsPage } from "./results-page.ts";

/** Ends that a person has chosen: such a run says nothing about the stand. */
const CHOSEN: ReadonlySet<ExperimentRun["endedBy"]> = new Set(["interrupted", "terminated"]);

const FOLDER = fileURLToPath(new URL("../../../docs/results/", import.meta.url));

/**
 * Adds a run to the results pages whose suites have its experiment, and to their JSON: it replaces what they have about the experiment. A run that
 * was interrupted is left out.
 *
 * @param command what a person typed to run this
 * @returns the pages that were written
 * @throws {CommandError} when one of the JSON files is none of this version
 */
export async function writeResults(run: ExperimentRun, command: string, folder = FOLDER): Promise<readonly string[]> {
  if (CHOSEN.has(run.endedBy)) return [];
  const pages = pagesOf(run.experiment.id);
  for (const { page, suite } of pages) {
    const data = join(folder, `${page.name}.json`);
    const entries = mergeEntries(await readEntries(data), [entryOf(run, command)]);
    replaceFile(data, `${JSON.stringify(entries, rounded, 1)}\n`);
    replaceFile(join(folder, `${page.name}.md`), resultsPage(entries, suite, page));
  }
  return pages.map(({ page }) => `docs/results/${page.name}.md`);
}

/** One that is in no suite with a page goes to that of the chaos experiments. */
function pagesOf(experiment: string) {
  const all = Object.entries<Suite>(SUITES).flatMap(([suite, { page, experiments }]) =>
    page === undefined ? [] : { page, suite, experiments },
  );
  const found = all.filter(({ experiments }) => experiments.includes(experiment));
  return found.length > 0 ? found : all.filter(({ suite }) => suite === "chaos");
}

async function readEntries(file: string): Promise<ResultEntry[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  const parsed = z.array(ResultEntry).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new CommandError(
    `${file} is not what this version reads: put it right or remove it.\n${z.prettifyError(parsed.error)}`,
  );
}

/** Undefined where a text is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Milliseconds with one decimal are exact enough to keep. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 10) / 10 : value;
}
