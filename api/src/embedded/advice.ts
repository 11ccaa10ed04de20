import { statfsSync } from "node:fs";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";

/** Less than this free and PostgreSQL cannot be expected to start: it writes a checkpoint and may need a new WAL segment of 16 MB. */
const TOO_LITTLE_SPACE = 20 * 1024 * 1024;

interface Situation {
  /** What the failed program printed. */
  readonly output: string;
  /** Free bytes on the disk of the folder. A full disk often keeps its own message from being written. */
  readonly freeBytes: number;
  readonly folder: string;
}

/** What a person can do about a PostgreSQL that did not start, as a sentence or two. */
export function adviceFor({ output, freeBytes, folder }: Situation): string {
  if (freeBytes < TOO_LITTLE_SPACE || /No space left on device|Disk quota exceeded/.test(output)) {
    return `The disk that holds ${folder} is full. Free some space (200 MB are enough) and start again; no data is lost.`;
  }
  if (/could not bind|Address already in use/.test(output)) {
    return "Another program uses its port. Start again to get another one.";
  }
  if (/incompatible with server/.test(output)) {
    return (
      `The data in ${folder} was written by another major version of PostgreSQL. Start with the earlier release of this ` +
      `program to save it, or move ${folder} away to begin with sample data.`
    );
  }
  if (/error while loading shared libraries|Library not loaded/.test(output)) {
    return "Its installation is incomplete. Remove the folder node_modules and start again.";
  }
  if (/shared memory/.test(output)) {
    return "The system gives it too little shared memory. In a container, raise it (docker run --shm-size=128m).";
  }
  if (/Permission denied|Operation not permitted|wrong ownership|invalid permissions/.test(output)) {
    return `Its files are not all yours. Give them back: sudo chown -R "$(id -un)" "${folder}"`;
  }
  if (/PANIC|corrupted|invalid page|could not locate a valid checkpoint/.test(output)) {
    return `The data in ${folder} is damaged. Keep a copy of it, then move it away to begin with sample data.`;
  }
  return "";
}

/** The error with what to do about it, as far as that is known; an unknown kind of error stays as it is. */
export function withAdvice(error: unknown, folder: string): unknown {
  const output = error instanceof Error ? error.message : String(error);
  const advice = adviceFor({ output, freeBytes: freeBytesOf(folder), folder });
  if (advice === "") return error;
  return new EmbeddedDatabaseError(`${output}\n${advice}`, { cause: error });
}

function freeBytesOf(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
