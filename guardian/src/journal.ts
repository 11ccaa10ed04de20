import { appendFileSync, createReadStream, existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { createGunzip } from "node:zlib";
import { parseJson, programReport, type SignOfLife } from "@goldenring/stand";
import * as z from "zod";
import { Evidence, MODES } from "./evidence.ts";
import { ACTS, type Verdict } from "./judge.ts";
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
  // Earlier versions report none of these.
  mode: z.enum(MODES).default("act"),
  /** Whether it can turn machines off. */
  mayFence: z.boolean().default(false),
  verdict: z
    .object({ act: z.enum(ACTS), machine: z.string().optional(), why: z.array(z.string()).readonly() })
    .default({ act: "nothing", why: [] }),
  /** How long it only advises, after its last action. */
  coolDownMs: z.number().default(0),
  /** What it sees, in words, by machine. */
  sees: z.record(z.string(), z.string()).readonly().default({}),
  newest: z.array(Entry),
});
export type GuardianReport = SignOfLife & z.output<typeof Details>;

export const guardianReport = programReport("guardian.json", Details);

/** How many of the newest entries the report shows. */
const SHOWN = 20;
/** A week of a calm stand, or half an hour of trouble. The file before is kept, too. */
const MAX_BYTES = 32 * 2 ** 20;
/** While all is well, so often a line of evidence is recorded. */
const CALM_MS = 20_000;
/** All evidence is recorded from the first sign of trouble until so long after the last one. */
const AFTER_TROUBLE_MS = 10_000;
/** A wait of a client that is worth recording. */
const TROUBLE_MS = 300;

const RECORDING = "guardian-evidence.jsonl";

/** Appends to guardian.log in the folder, remembers the newest entries, and records evidence. */
export function openJournal(folder: string, onEntry: (entry: Entry) => void) {
  const file = join(folder, "guardian.log");
  let newest: Entry[] = [];
  const note: Note = (found) => {
    const entry = { time: new Date().toISOString(), ...found };
    newest = [...newest, entry].slice(-SHOWN);
    append(file, entry);
    onEntry(entry);
  };
  let recordedAt = 0;
  let troubleAt = 0;
  let leader: string | null | undefined;
  const record = (evidence: Evidence, { act }: Verdict): void => {
    const waits = Object.values(evidence.clients).some(({ waitingMs = 0 }) => waitingMs >= TROUBLE_MS);
    if (waits || act !== "nothing" || evidence.leader !== leader) troubleAt = evidence.at;
    leader = evidence.leader;
    const isDue = evidence.at - recordedAt >= CALM_MS || evidence.at - troubleAt <= AFTER_TROUBLE_MS;
    if (!isDue) return;
    recordedAt = evidence.at;
    append(join(folder, RECORDING), evidence);
  };
  return { note, record, newest: () => newest };
}

function append(file: string, line: object): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_BYTES) renameSync(file, `${file}.1`);
  appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
}

/** The recording of a guardian in a folder, oldest file first. */
export const recordingsIn = (folder: string): readonly string[] =>
  [`${RECORDING}.1`, RECORDING].map((name) => join(folder, name)).filter(existsSync);

/** The lines that were recorded in a folder from that moment on. @param sinceMs since 1970 */
export function recordedSince(folder: string, sinceMs: number): string {
  const lines = recordingsIn(folder).flatMap((file) => readFileSync(file, "utf8").trimEnd().split("\n"));
  const last = lines.findLastIndex((line) => Number(/^\{"at":(\d+)/.exec(line)?.[1] ?? 0) < sinceMs);
  return lines.slice(last + 1).join("\n");
}

/** @param file may be compressed by gzip, and ends with .gz then. @throws {Error} with the line that is no evidence */
export async function* readRecording(file: string): AsyncGenerator<Evidence> {
  let number = 0;
  const stored = createReadStream(file);
  const input = file.endsWith(".gz") ? stored.pipe(createGunzip()) : stored;
  for await (const line of createInterface({ input })) {
    number += 1;
    const found = Evidence.safeParse(parseJson(line));
    if (!found.success) throw new Error(`${file}, line ${number}, is no evidence: ${z.prettifyError(found.error)}`);
    yield found.data;
  }
}
