import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readRunFile } from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import * as z from "zod";
import { DATA_SIZE_NAMES } from "./growth.ts";

/** What a seeding added, so that it can be removed, and nothing else with it. */
export const SeedRecord = z.object({
  format: z.literal(1),
  at: z.iso.datetime(),
  size: z.enum(DATA_SIZE_NAMES),
  /** Through the API of this target, or */
  target: z.string().optional(),
  /** into this database: host, port and name. */
  database: z.string().optional(),
  cities: z.array(z.object({ id: z.int(), name: z.string() })),
  /** Ids of the values, as ranges of which both ends belong to it. */
  values: z.array(z.tuple([z.int(), z.int()])),
});
export type SeedRecord = z.infer<typeof SeedRecord>;

const FOLDER = "seeds";

/** @param runs the folder of the runs. Returns the file */
export async function writeSeedRecord(runs: string, record: SeedRecord): Promise<string> {
  const folder = join(runs, FOLDER);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${record.at.replaceAll(":", "-")}-${record.size}.json`);
  replaceFile(file, `${JSON.stringify(record)}\n`);
  return file;
}

/** @throws {CommandError} where a record is damaged: nobody could tell any more what was added */
export async function readSeedRecords(runs: string): Promise<{ file: string; record: SeedRecord }[]> {
  const folder = join(runs, FOLDER);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(
    names.map(async (name) => ({ file: join(folder, name), record: await readRunFile(folder, name, SeedRecord) })),
  );
}
