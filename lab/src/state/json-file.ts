import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { LabProblem } from "../problem.ts";

/**
 * @returns undefined when there is no such file
 * @throws LabProblem when its content does not fit
 */
export async function readJson<Shape extends z.ZodType>(
  file: string,
  shape: Shape,
): Promise<z.output<Shape> | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return shape.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new LabProblem(`${file} is damaged:\n${why}\nRepair it by hand, or remove the stand with \`ring destroy\`.`);
  }
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeWhole(file, `${JSON.stringify(value, null, 2)}\n`, 0o600);
}

/** A reader sees the old content or the new one, also after a crash. */
export async function writeWhole(file: string, content: string, mode: number): Promise<void> {
  const next = `${file}.${process.pid}.new`;
  try {
    await writeFile(next, content, { mode, flush: true });
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
