import { rename, rm, writeFile } from "node:fs/promises";

/** Never half a file: whoever reads it has the old one or the new one. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const next = `${file}.${process.pid}.new`;
  try {
    await writeFile(next, text);
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
