import { join } from "node:path";
import { readRunFile, writeRunFile } from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import { RUN_FILES, RunRecord, Series } from "./record.ts";

/** A run with the place where it is stored. */
export interface StoredRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly series: Series;
}

/** The record last: a folder that has one is complete. */
export function writeRun({ folder, record, series }: StoredRun): void {
  replaceFile(join(folder, RUN_FILES.series), JSON.stringify(series));
  writeRunFile(folder, RUN_FILES.record, record);
}

/** @throws {CommandError} (usage) where there is no such run, or its files are not what this version reads */
export async function readRun(folder: string): Promise<StoredRun> {
  const [record, series] = await Promise.all([
    readRunFile(folder, RUN_FILES.record, RunRecord),
    readRunFile(folder, RUN_FILES.series, Series),
  ]);
  return { folder, record, series };
}
