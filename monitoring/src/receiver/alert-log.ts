import { appendFileSync, readFileSync, renameSync, statSync } from "node:fs";
import { parseJson } from "@goldenring/stand";
import { Notification } from "./notification.ts";

/** A notification that would make the file larger starts a new one. The previous file is kept, an older one is deleted. */
const MAX_FILE_BYTES = 10_000_000;

const olderOf = (file: string): string => `${file}.1`;

/** The notifications that arrived, in two files of limited size. */
export class AlertLog {
  readonly #file: string;
  readonly #maxFileBytes: number;

  /** @param maxFileBytes size of each of its two files */
  constructor(file: string, maxFileBytes: number = MAX_FILE_BYTES) {
    this.#file = file;
    this.#maxFileBytes = maxFileBytes;
  }

  /** One write per line, so that lines never mix. Throws when the disk is full. */
  append(notification: Notification): void {
    const line = `${JSON.stringify(notification)}\n`;
    const sizeBytes = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    if (sizeBytes > 0 && sizeBytes + Buffer.byteLength(line) > this.#maxFileBytes)
      renameSync(this.#file, olderOf(this.#file));
    appendFileSync(this.#file, line, { mode: 0o600 });
  }
}

/** What the log still has, oldest first. Truncated or unknown lines are skipped; a missing log is empty. */
export function readAlertLog(file: string): readonly Notification[] {
  return [olderOf(file), file]
    .flatMap((part) => textOf(part).split("\n"))
    .flatMap((line) => Notification.safeParse(parseJson(line)).data ?? []);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
