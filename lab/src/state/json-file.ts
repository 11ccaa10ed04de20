import { readFileSync } from "node:fs";
import { CommandError } from "@goldenring/run-kit";
import { ifMissing, replaceFile } from "@goldenring/stand";
import { z } from "zod";

/**
 * @returns undefined when there is no such file
 * @throws {CommandError} when its content is damaged
 */
export async function readJson<Shape extends z.ZodType>(
  file: string,
  shape: Shape,
): Promise<z.output<Shape> | undefined> {
  const text = ifMissing(undefined, () => readFileSync(file, "utf8"));
  if (text === undefined) return undefined;
  try {
    return shape.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new CommandError(
      `${file} is damaged:\n${why}\nRepair it by hand, or remove the stand with \`ring destroy\`.`,
    );
  }
}

export function writeJson(file: string, value: unknown): void {
  replaceFile(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, durable: true });
}
