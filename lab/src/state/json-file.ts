import { readFile } from "node:fs/promises";
import { replaceFile } from "@goldenring/stand";
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
  replaceFile(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, durable: true });
}
