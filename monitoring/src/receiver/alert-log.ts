import { appendFileSync, readFileSync, renameSync, statSync } from "node:fs";
import { Notification } from "./notification.ts";

/** Bytes. What the file would hold beyond them begins a new one; the one before stays beside it, an older one goes. */
const LARGEST = 10_000_000;

const olderOf = (file: string): string => `${file}.1`;

/** The notifications that arrived, in a file that does not grow without bound. */
export class AlertLog {
  readonly #file: string;
  readonly #largest: number;

  /** @param largest bytes of one of its two files */
  constructor(file: string, largest: number = LARGEST) {
    this.#file = file;
    this.#largest = largest;
  }

  /** In one write, so that no reader sees a line of two notifications. Throws when the disk is full. */
  append(notification: Notification): void {
    const line = `${JSON.stringify(notification)}\n`;
    const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0 && size + Buffer.byteLength(line) > this.#largest) renameSync(this.#file, olderOf(this.#file));
    appendFileSync(this.#file, line, { mode: 0o600 });
  }
}

/** What the log still has, oldest first. A line that is cut off or of another form is left out; a log that is not there is empty. */
export function readAlertLog(file: string): readonly Notification[] {
  return [olderOf(file), file].flatMap((part) => textOf(part).split("\n").flatMap(notificationIn));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function notificationIn(line: string): Notification[] {
  try {
    return [Notification.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
