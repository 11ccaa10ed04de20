/** JSONL files: one JSON object a line. */
import { appendFileSync, closeSync, existsSync, openSync, readSync } from "node:fs";
import { parseJson } from "@goldenring/stand";
import type * as z from "zod";

/**
 * Parses a JSONL text. Throws on a line in the middle that is not of the form, with its number.
 *
 * @returns also whether the text ends in the middle of a line, because its writer was killed; that part is left out
 */
export function parseLines<Line>(text: string, form: z.ZodType<Line>) {
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = complete.split("\n").slice(0, -1);
  return { lines: lines.map((line, index) => parseLine(line, index + 1, form)), cut: complete.length < text.length };
}

function parseLine<Line>(line: string, number: number, form: z.ZodType<Line>): Line {
  const json = parseJson(line);
  if (json === undefined) throw new Error(`line ${number} is no JSON: ${line.slice(0, 80)}`);
  const { data, error } = form.safeParse(json);
  if (!error) return data;
  const [issue] = error.issues;
  throw new Error(`line ${number}: ${issue?.path.join(".")}: ${issue?.message}`);
}

/**
 * Appends lines, each handed to the operating system at once: what is in the file survives any death of this process, and a write's first line is
 * there before the write is sent. It is not synced to disk: the computer that probes is not the one that fails.
 */
export class Journal<Line extends object> {
  readonly #file: number;

  /** @param hide changes what is written, so that no secret is @throws where the file exists: a history is written once */
  constructor(
    path: string,
    private readonly hide = (text: string): string => text,
  ) {
    this.#file = openSync(path, "ax", 0o644);
  }

  write(line: Line): void {
    appendFileSync(this.#file, `${this.hide(JSON.stringify(line))}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Follows a JSONL file that another process writes. It leaves out lines of another form: the file is judged as a whole later. */
export class Tail<Line> {
  #file: number | undefined;
  #rest = "";
  readonly #chunk = Buffer.alloc(256 * 1024);
  readonly #decoder = new TextDecoder();

  constructor(
    readonly path: string,
    readonly form: z.ZodType<Line>,
  ) {}

  /** The lines that have come since the last call; none while there is no file. */
  read(): Line[] {
    if (this.#file === undefined && !existsSync(this.path)) return [];
    this.#file ??= openSync(this.path, "r");
    let bytes: number;
    do {
      bytes = readSync(this.#file, this.#chunk);
      this.#rest += this.#decoder.decode(this.#chunk.subarray(0, bytes), { stream: true });
    } while (bytes > 0);
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => {
      const { data, success } = this.form.safeParse(parseJson(line));
      return success ? [data] : [];
    });
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
