import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

const Report = z.object({
  pid: z.int(),
  /** ISO 8601, UTC, as all times here. */
  startedAt: z.string(),
  /** Renewed every second: an old one means that the receiver hangs or is gone. */
  aliveAt: z.string(),
  /** Where it takes notifications. */
  url: z.string(),
});

/** What a running receiver says about itself, for `ring status`. */
export type ReceiverReport = z.infer<typeof Report>;

const fileIn = (folder: string): string => join(folder, "alert-receiver.json");

export function writeReceiverReport(folder: string, report: ReceiverReport): void {
  const file = fileIn(folder);
  // Readers find the old report or the new one, never half of one.
  writeFileSync(`${file}.new`, JSON.stringify(report, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The last report; undefined when there is none that can be read. */
export function readReceiverReport(folder: string): ReceiverReport | undefined {
  try {
    return Report.parse(JSON.parse(readFileSync(fileIn(folder), "utf8")));
  } catch {
    return undefined;
  }
}
