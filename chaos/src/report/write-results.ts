import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { replaceFile } from "@goldenring/stand";
import * as z from "zod";
import { ChaosError } from "../run/exit.ts";
import type { ExperimentRun } from "../run/record.ts";
import { entryOf, mergeEntries, ResultEntry } from "./results.ts";
import { resultsPage } from "./results-page.ts";

/** Ends that a person has chosen: such a run says nothing about the stand. */
const CHOSEN: ReadonlySet<ExperimentRun["endedBy"]> = new Set(["interrupted", "terminated"]);

const FOLDER = fileURLToPath(new URL("../../../docs/results/", import.meta.url));

/**
 * Adds runs to chaos.json and chaos.md: they replace what the files have about the same experiments, and leave the rest as it is.
 * Runs that were interrupted are left out.
 *
 * @param command what a person typed to run this
 * @throws {ChaosError} when chaos.json is there and is none of this version
 */
export async function writeChaosResults(
  runs: readonly ExperimentRun[],
  command: string,
  folder = FOLDER,
): Promise<void> {
  const data = join(folder, "chaos.json");
  const entries = mergeEntries(
    await readEntries(data),
    runs.filter(({ endedBy }) => !CHOSEN.has(endedBy)).map((run) => entryOf(run, command)),
  );
  replaceFile(data, `${JSON.stringify(entries, rounded, 1)}\n`);
  replaceFile(join(folder, "chaos.md"), resultsPage(entries));
}

async function readEntries(file: string): Promise<ResultEntry[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  const parsed = z.array(ResultEntry).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ChaosError(
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
