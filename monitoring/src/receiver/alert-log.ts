import { appendFileSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "@goldenring/stand";
import { Notification } from "./notification.ts";

/** A notification that would make the file larger starts a new one. The previous file is kept, an older one is deleted. */
const MAX_FILE_BYTES = 10_000_000;

const olderOf = (file: string): string => `${file}.1`;

/** The log of alerts in a stand's folder. */
export const alertLogIn = (folder: string): string => join(folder, "alerts.jsonl");

/**
 * Adds a notification to the log, which has two files of limited size. One write per line, so that lines never mix.
 *
 * @throws {Error} when the disk is full
 */
export function appendToAlertLog(file: string, notification: Notification, maxFileBytes = MAX_FILE_BYTES): void {
  const line = `${JSON.stringify(notification)}\n`;
  const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes > 0 && sizeBytes + Buffer.byteLength(line) > maxFileBytes) renameSync(file, olderOf(file));
  appendFileSync(file, line, { mode: 0o600 });
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
