import { readFile } from "node:fs/promises";
import { messageOf } from "@goldenring/stand";
import { type Begin, type End, Entry, type Read, type Skipped, type Start } from "./entries.ts";
import { parseLines } from "./lines.ts";

export interface Write extends Omit<Begin, "e" | "at">, Omit<End, "e" | "at" | "op"> {
  readonly start: number;
  /** When its outcome was known; Infinity for one that was abandoned. */
  readonly end: number;
  /** The probe ended while it was under way; its outcome is unknown. */
  readonly abandoned: boolean;
}

/** Writes in the order of their starts, reads in that of their ends; `endedAt`: when the probe ended; of an interrupted one the last thing it wrote. */
export type History = Readonly<ReturnType<typeof parseHistory>>;

/** Throws where the file cannot be read or is no history; one whose last line is cut is one. */
export async function readHistory(path: string): Promise<History> {
  try {
    return parseHistory(await readFile(path, "utf8"));
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`);
  }
}

export function parseHistory(text: string) {
  const [header, ...entries] = parseLines(text, Entry).lines;
  if (header?.e !== "history") throw new Error("no history: the first line must be its header");
  const begins = new Map<number, Begin>();
  const ends = new Map<number, End>();
  const reads: Read[] = [];
  const skipped: Skipped[] = [];
  let start: Pick<Start, "variables" | "remove"> = { variables: {}, remove: [] };
  let endedAt = header.at;
  for (const entry of entries) {
    if (entry.e === "begin") begins.set(entry.op, entry);
    else if (entry.e === "end") ends.set(entry.op, entry);
    else if (entry.e === "read") reads.push(entry);
    else if (entry.e === "skipped") skipped.push(entry);
    else if (entry.e === "start") start = entry;
    else if (entry.e === "history") throw new Error("no history: it has a second header");
    endedAt = Math.max(endedAt, entry.e === "read" ? entry.end : entry.at);
  }
  const writes = [...begins.values()].map((begin) => joined(begin, ends.get(begin.op)));
  return { header, start, writes, reads, skipped, endedAt };
}

function joined({ e: _, at: start, ...begin }: Begin, end: End | undefined): Write {
  if (!end) return { ...begin, start, end: Number.POSITIVE_INFINITY, outcome: "unknown", abandoned: true };
  const { e: __, at, op: ___, ...outcome } = end;
  return { ...begin, ...outcome, start, end: at, abandoned: false };
}
