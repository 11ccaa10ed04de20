import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

const STATES = ["on", "suspected", "acting", "handled"] as const;

const Report = z.object({
  pid: z.int(),
  /** ISO 8601, UTC, as all times here. */
  startedAt: z.string(),
  /** Renewed every second: an old one means that the guardian hangs or is gone. */
  aliveAt: z.string(),
  machines: z.record(z.string(), z.object({ state: z.enum(STATES), fence: z.enum(["off", "not off", "unknown"]) })),
  newest: z.array(
    z.object({ time: z.string(), machine: z.string().optional(), event: z.string(), detail: z.string().optional() }),
  ),
});

/** What a running guardian says about itself, for `ring status`. */
export type GuardianReport = z.infer<typeof Report>;

const fileIn = (folder: string): string => join(folder, "guardian.json");

export function writeGuardianReport(folder: string, report: GuardianReport): void {
  const file = fileIn(folder);
  // Readers find the old report or the new one, never half of one.
  writeFileSync(`${file}.new`, JSON.stringify(report, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The last report; undefined when there is none that can be read. */
export function readGuardianReport(folder: string): GuardianReport | undefined {
  try {
    return Report.parse(JSON.parse(readFileSync(fileIn(folder), "utf8")));
  } catch {
    return undefined;
  }
}
