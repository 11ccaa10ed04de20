import type { z } from "zod";

export interface ParsedLines<Line> {
  readonly lines: readonly Line[];
  /** The text ends in the middle of a line: whoever wrote it was killed. That part is left out. */
  readonly cut: boolean;
}

/** Parses a JSONL text. Throws on a line in the middle that is not of the form, with its number. */
export function parseLines<Line>(text: string, form: z.ZodType<Line>): ParsedLines<Line> {
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = complete
    .split("\n")
    .slice(0, -1)
    .map((line, index) => parseLine(line, index + 1, form));
  return { lines, cut: complete.length < text.length };
}

function parseLine<Line>(line: string, number: number, form: z.ZodType<Line>): Line {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new Error(`line ${number} is no JSON: ${line.slice(0, 80)}`);
  }
  const parsed = form.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`line ${number}: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return parsed.data;
}
