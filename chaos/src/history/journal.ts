import { closeSync, openSync, writeSync } from "node:fs";
import type { Entry } from "./entries.ts";

/**
 * Appends the lines of a JSONL file, each handed to the operating system at once: what is in it survives any death of this
 * process, and a write's first line is there before the write is sent. (One call costs a few microseconds, at some hundred
 * lines a second.) It is not synced to disk: the computer that probes is not the one that fails.
 */
export class Journal<Line extends object = Entry> {
  readonly #file: number;

  /** Throws where the file exists already: a history is written once. */
  constructor(path: string) {
    this.#file = openSync(path, "ax", 0o644);
  }

  write(line: Line): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
  }

  close(): void {
    closeSync(this.#file);
  }
}
