import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type * as z from "zod";

export interface ReplaceOptions {
  /** Default: 0o644. */
  readonly mode?: number;
  /** Return only when the content and its name are on the disk, so that a loss of power does not lose them. */
  readonly durable?: boolean;
}

/** Writes a file so that a reader sees the old content or the new one, never a part, however this process ends. */
export function replaceFile(file: string, content: string | Uint8Array, options: ReplaceOptions = {}): void {
  const { mode = 0o644, durable = false } = options;
  const draft = `${file}.${process.pid}.new`;
  try {
    writeFileSync(draft, content, { mode, flush: durable });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  if (durable) syncFolder(dirname(file));
}

/** Brings the names in a folder to the disk: after this, a removed file stays removed. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** @returns undefined for a text that is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns undefined where there is no such file, or it holds something else */
export function readJsonFile<Shape extends z.ZodType>(file: string, shape: Shape): z.output<Shape> | undefined {
  try {
    return shape.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}
