import { closeSync, openSync, readSync } from "node:fs";
import type * as z from "zod";

/** Follows a JSONL file that another process writes. Lines of another form are left out: the file is judged as a whole later. */
export class Tail<Line> {
  readonly #path: string;
  readonly #form: z.ZodType<Line>;
  #file: number | undefined;
  #rest = "";
  readonly #chunk = Buffer.alloc(256 * 1024);
  readonly #decoder = new TextDecoder();

  constructor(path: string, form: z.ZodType<Line>) {
    this.#path = path;
    this.#form = form;
  }

  /** The lines that have come since the last call; none while there is no file. */
  read(): Line[] {
    this.#file ??= openIfThere(this.#path);
    if (this.#file === undefined) return [];
    let bytes: number;
    do {
      bytes = readSync(this.#file, this.#chunk);
      this.#rest += this.#decoder.decode(this.#chunk.subarray(0, bytes), { stream: true });
    } while (bytes > 0);
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#parse(line));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #parse(line: string): Line[] {
    try {
      return [this.#form.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
