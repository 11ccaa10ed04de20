import { readFile, rename, writeFile } from "node:fs/promises";
import * as z from "zod";
import { LOAD_EXIT, LoadError } from "../run/exit.ts";
import { FORMAT_VERSION, RunRecord } from "../run/record.ts";
import { StepResult } from "./judge-step.ts";

/**
 * A search as it is stored, after every step: one that was interrupted goes on from here, and the results are written from here.
 */
export const CapacityFile = z.object({
  format: z.literal(FORMAT_VERSION),
  /** Another search is another bracket: a search goes on with these only. */
  search: z.object({
    start: z.int().positive(),
    most: z.int().positive(),
    resolution: z.number(),
    repeats: z.int().positive(),
    warmUpSeconds: z.number(),
    holdSeconds: z.number(),
  }),
  ended: z.enum(["found", "most", "too many steps", "interrupted"]),
  held: z.int(),
  /** Undefined when nothing broke. */
  broke: z.int().optional(),
  steps: z.array(StepResult),
  /** Of the last step's run: scenario, target, commit and machine of the whole search. */
  record: RunRecord,
});
export type CapacityFile = z.infer<typeof CapacityFile>;

/** In the folder of a search. */
export const CAPACITY_FILE = "capacity.json";

/** Never half a file, even when the process is killed. */
export async function writeCapacity(file: string, capacity: CapacityFile): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(capacity, null, 2)}\n`);
  await rename(`${file}.new`, file);
}

/** @throws {LoadError} (usage) where there is no such search, or it is of another version */
export async function readCapacity(file: string): Promise<CapacityFile> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new LoadError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`, LOAD_EXIT.usage);
  }
  const parsed = CapacityFile.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new LoadError(`${file} is not what this version reads:\n${z.prettifyError(parsed.error)}`, LOAD_EXIT.usage);
}
