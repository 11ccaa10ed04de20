import { statfsSync } from "node:fs";
import { attempt } from "./processes.ts";

/** A failure whose message is for the person at the terminal: what happened and what to do. Print it without its stack. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = "EmbeddedDatabaseError";
}

/** With less than this PostgreSQL cannot be expected to start: it writes a checkpoint and may need a new WAL segment of 16 MB. */
const MIN_FREE_BYTES = 20 * 1024 * 1024;
const DISK_FULL = "No space left on device";

/** What PostgreSQL prints (regular expressions), and what to do about it; FOLDER stands for the folder of the data. */
const ADVICE: Readonly<Record<string, string>> = {
  [`${DISK_FULL}|Disk quota exceeded`]:
    "The disk that holds FOLDER is full. Free some space (200 MB are enough) and start again; no data is lost.",
  "could not bind|Address already in use": "Another program uses its port. Start again to get another one.",
  "incompatible with server":
    "The data in FOLDER was written by another major version of PostgreSQL. Start the earlier release of this program " +
    "to save it, or move FOLDER away to begin with sample data.",
  "error while loading shared libraries|Library not loaded":
    "Its installation is incomplete. Remove the folder node_modules and start again.",
  "shared memory":
    "The system gives it too little shared memory. In a container, raise it (docker run --shm-size=128m).",
  "Permission denied|Operation not permitted|wrong ownership|invalid permissions": `Some of its files belong to another user. Take them back: ${chownCommand("FOLDER")}`,
  "PANIC|corrupted|invalid page|could not locate a valid checkpoint":
    "The data in FOLDER is damaged. Keep a copy of it, then move it away to begin with sample data.",
};

/**
 * What a person can do about a PostgreSQL that printed `output` and did not start; empty when the reason is unknown.
 *
 * @param freeBytes on the folder's disk: a full disk often keeps its own message from being written
 */
export function adviceFor(output: string, folder: string, freeBytes: number): string {
  const symptoms = freeBytes < MIN_FREE_BYTES ? DISK_FULL : output;
  const [, advice = ""] = Object.entries(ADVICE).find(([symptom]) => RegExp(symptom).test(symptoms)) ?? [];
  return advice.replaceAll("FOLDER", () => folder);
}

/** The error with what to do about it, as far as that is known; an unknown kind of error stays as it is. */
export function withAdvice(error: unknown, folder: string): unknown {
  const output = error instanceof Error ? error.message : String(error);
  const disk = attempt(() => statfsSync(folder));
  const advice = adviceFor(output, folder, disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY);
  return advice === "" ? error : new EmbeddedDatabaseError(`${output}\n${advice}`, { cause: error });
}

export function chownCommand(folder: string): string {
  return `sudo chown -R "$(id -un)" "${folder}"`;
}
