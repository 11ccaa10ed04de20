import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

/**
 * Writes a file that only its owner may read, so that a reader, a crash or a full disk never leaves half of it: the old
 * content stays until the new one is complete.
 */
export function writeFileWhole(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}.new`;
  try {
    const descriptor = openSync(unfinished, "w", 0o600);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
