import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT, ifMissing, parseJson, replaceFile } from "@goldenring/stand";
import * as z from "zod";
import { CommandError } from "../command/exit.ts";

/** Where results pages and their JSON files are. */
export const RESULTS_FOLDER = join(CHECKOUT, "docs", "results");

/** A kind of results: docs/results/NAME.json with its entries, and NAME.md, the page that is made of them. */
export interface ResultsFile<Entry> {
  readonly name: string;
  readonly schema: z.ZodType<Entry>;
  /** New entries take the place of known ones about the same; the result is in the order of the page. */
  readonly merge: (known: readonly Entry[], fresh: readonly Entry[]) => Entry[];
  readonly round: (value: number) => number;
  readonly page: (entries: readonly Entry[]) => string;
}

/** The files belong to the repository: a commit that raises it rewrites them. */
const VERSION = 2;

/** Adds entries to a results file and writes its page. @returns all its entries @throws {CommandError} when this version cannot read the file */
export async function writeResults<Entry>(file: ResultsFile<Entry>, fresh: readonly Entry[], folder = RESULTS_FOLDER) {
  const path = join(folder, `${file.name}.json`);
  const rounded = (_: string, value: unknown): unknown => (typeof value === "number" ? file.round(value) : value);
  const merged = JSON.stringify(file.merge(readResults(file, folder), fresh), rounded);
  // As they will be read again: the page is made of what is in the file, and a second write changes neither.
  const entries = z.array(file.schema).parse(JSON.parse(merged));
  replaceFile(path, `${JSON.stringify({ version: VERSION, entries }, null, 1)}\n`);
  replaceFile(join(folder, `${file.name}.md`), file.page(entries));
  return entries;
}

/** @returns no entries where there is no file */
function readResults<Entry>({ name, schema }: ResultsFile<Entry>, folder: string): Entry[] {
  const path = join(folder, `${name}.json`);
  const text = ifMissing(undefined, () => readFileSync(path, "utf8"));
  if (text === undefined) return [];
  const current = z.object({ version: z.literal(VERSION), entries: z.array(schema) });
  const parsed = current.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.entries;
  throw new CommandError(
    `${path} is not a results file that this version reads: repair or remove it.\n${z.prettifyError(parsed.error)}`,
  );
}
