import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";
import { entriesOf, type MeasuredCapacity, type MeasuredRun, mergeEntries, ResultEntry } from "./results.ts";
import { resultsPage } from "./results-page.ts";

const FOLDER = fileURLToPath(new URL("../../../docs/results/", import.meta.url));

export interface MeasuredLoad {
  readonly runs: readonly MeasuredRun[];
  readonly capacities: readonly MeasuredCapacity[];
  /** What a person typed to measure this. */
  readonly command: string;
}

/**
 * Adds measurements to load.json and load.md: they replace what the files have about the same scenario, data, encoding and side, and
 * leave the rest as it is.
 *
 * @throws {CommandError} when load.json is there and is none of this version
 */
export async function writeLoadResults(
  { runs, capacities, command }: MeasuredLoad,
  folder = FOLDER,
): Promise<ResultEntry[]> {
  const data = join(folder, "load.json");
  const entries = mergeEntries(await readEntries(data), entriesOf(runs, capacities, command));
  await writeFile(data, `${JSON.stringify(entries, rounded, 1)}\n`);
  await writeFile(join(folder, "load.md"), resultsPage(entries));
  return entries;
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Four digits are exact enough to keep. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
