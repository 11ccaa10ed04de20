import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { programReport, type SignOfLife } from "@goldenring/stand";
import * as z from "zod";
import { MACHINE_STATES, OBSERVATIONS } from "./machine-state.ts";

/** One decision or finding of the guardian: a line of its log, as JSON. */
const Entry = z.object({
  /** ISO 8601, UTC. */
  time: z.string(),
  machine: z.string().optional(),
  event: z.string(),
  detail: z.string().optional(),
});
export type Entry = z.output<typeof Entry>;

export type Note = (entry: Omit<Entry, "time">) => void;

const Details = z.object({
  machines: z.record(z.string(), z.object({ state: z.enum(MACHINE_STATES), fence: z.enum(OBSERVATIONS) })),
  newest: z.array(Entry),
});
export type GuardianReport = SignOfLife & z.output<typeof Details>;

export const guardianReport = programReport("guardian.json", Details);

/** How many of the newest entries the report shows. */
const SHOWN = 20;

/** Appends to guardian.log in the folder and remembers the newest entries. */
export function openJournal(folder: string, onEntry: (entry: Entry) => void) {
  const file = join(folder, "guardian.log");
  let newest: Entry[] = [];
  const note: Note = (found) => {
    const entry = { time: new Date().toISOString(), ...found };
    newest = [...newest, entry].slice(-SHOWN);
    appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    onEntry(entry);
  };
  return { note, newest: () => newest };
}
