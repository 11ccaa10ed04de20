import { readFileSync } from "node:fs";
import type * as z from "zod";

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
