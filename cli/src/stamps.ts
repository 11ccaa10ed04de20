import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

const Stamps = z.object({
  /** What the machines were last provisioned with; absent when that is not known. */
  machines: z.string().optional(),
  /** The same at the time of each snapshot of the whole stand. */
  snapshots: z.record(z.string(), z.string()),
});
export type Stamps = z.infer<typeof Stamps>;

const fileIn = (folder: string): string => join(folder, "playbook-stamps.json");

/** Remembers, per stand, what the playbook last ran with to its end: as long as that is the same there is no need to run it. */
export function readStamps(folder: string): Stamps {
  try {
    return Stamps.parse(JSON.parse(readFileSync(fileIn(folder), "utf8")));
  } catch {
    return { snapshots: {} };
  }
}

export function changeStamps(folder: string, change: (stamps: Stamps) => Stamps): void {
  const file = fileIn(folder);
  writeFileSync(`${file}.new`, JSON.stringify(change(readStamps(folder)), null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** A hash of files and, recursively, of the files in folders: of their paths, contents and modes. Missing ones count as such. */
export function stampOf(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) addTo(hash, path, "");
  return hash.digest("hex");
}

function addTo(hash: ReturnType<typeof createHash>, path: string, shown: string): void {
  if (!existsSync(path)) return void hash.update(`${shown}\0missing\0`);
  const stats = statSync(path);
  if (stats.isDirectory()) {
    for (const name of readdirSync(path).sort()) {
      if (name !== "__pycache__") addTo(hash, join(path, name), `${shown}/${name}`);
    }
  } else if (stats.isFile()) {
    const content = createHash("sha256").update(readFileSync(path)).digest("hex");
    hash.update(`${shown}\0${stats.mode & 0o777}\0${content}\0`);
  }
}
