import type { RunRecord, Series } from "../run/record.ts";
import { readRun } from "../run/run-folder.ts";

/** A run with the place where it is stored. */
export interface StoredRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly series: Series;
}

/** @throws {LoadError} (usage) where there is no such run, or its files are not what this version reads */
export async function openRun(folder: string): Promise<StoredRun> {
  return { folder, ...(await readRun(folder)) };
}
