import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync } from "node:fs";

const LARGEST = 4 * 1024 * 1024;
const TAIL = 8 * 1024;

interface OpenServerLog {
  /** For the server; the caller closes it. */
  readonly descriptor: number;
  /** The last lines written since it was opened. */
  readonly messages: () => string;
}

/**
 * Opens the file that PostgreSQL's messages go to; one earlier file is kept when it has grown over 4 MB. It is a file and not a
 * pipe, so that the server can end in peace when its parent was killed.
 */
export function openServerLog(file: string): OpenServerLog {
  if (existsSync(file) && statSync(file).size > LARGEST) renameSync(file, `${file}.1`);
  const descriptor = openSync(file, "a", 0o600);
  const start = fstatSync(descriptor).size;
  return { descriptor, messages: () => lastLines(file, start) };
}

function lastLines(file: string, start: number): string {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const from = Math.max(start, size - TAIL);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    readSync(descriptor, bytes, 0, bytes.length, from);
    return bytes.toString("utf8").trimEnd().split("\n").slice(-12).join("\n");
  } finally {
    closeSync(descriptor);
  }
}
