import { mkdir, readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { messageOf, replaceFile } from "@goldenring/stand";
import * as z from "zod";
import { CommandError } from "../command/exit.ts";

/**
 * Makes the folder of a new run of a scenario or experiment. Its id sorts by time and is a file name everywhere: `2026-11-23T20-35-00Z-CE-01`; a second
 * one in the same second gets a number.
 */
export async function makeRunFolder(runs: string, what: string, now: Date): Promise<{ id: string; folder: string }> {
  await mkdir(runs, { recursive: true });
  const first = `${now.toISOString().slice(0, 19).replaceAll(":", "-")}Z-${what}`;
  for (let attempt = 1; ; attempt += 1) {
    const id = attempt === 1 ? first : `${first}-${attempt}`;
    // Absolute: programs that write to it run in other folders.
    const folder = resolve(runs, id);
    try {
      await mkdir(folder);
      return { id, folder };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 100) throw error;
    }
  }
}

/** Writes one of a run's JSON files. The record is written last: a folder that has one is complete. */
export function writeRunFile(folder: string, name: string, content: unknown): void {
  replaceFile(join(folder, name), `${JSON.stringify(content, null, 1)}\n`);
}

/** @param schema may upgrade older versions @throws {CommandError} (usage) where there is no such file, or this version cannot read it */
export async function readRunFile<Shape extends z.ZodType>(folder: string, name: string, schema: Shape) {
  const file = join(folder, name);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${messageOf(error)}`, "usage");
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new CommandError(`${file} is not a record that this version reads:\n${z.prettifyError(parsed.error)}`, "usage");
}

/** Ids of the complete runs, oldest first. @param record the name of the file that completes a run */
export async function listRuns(runs: string, record: string): Promise<string[]> {
  const entries = await readdir(runs, { withFileTypes: true }).catch(() => []);
  const complete = await Promise.all(
    entries.map(async (entry) => entry.isDirectory() && (await readdir(join(runs, entry.name))).includes(record)),
  );
  return entries
    .filter((_, index) => complete[index])
    .map(({ name }) => name)
    .sort();
}
