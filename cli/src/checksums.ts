import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJsonFile, replaceFile } from "@goldenring/stand";
import * as z from "zod";

const Provisioned = z.object({
  /** Checksum of what the machines were last provisioned with; absent when that is unknown. */
  machines: z.string().optional(),
  /** The same at the time of each snapshot of the whole stand. */
  snapshots: z.record(z.string(), z.string()),
});
export type Provisioned = z.infer<typeof Provisioned>;

const fileIn = (folder: string): string => join(folder, "provisioned.json");

/** What the playbook last completed with. While that is unchanged, there is no need to run it. */
export function readProvisioned(folder: string): Provisioned {
  return readJsonFile(fileIn(folder), Provisioned) ?? { snapshots: {} };
}

export function changeProvisioned(folder: string, change: (provisioned: Provisioned) => Provisioned): void {
  replaceFile(fileIn(folder), JSON.stringify(change(readProvisioned(folder)), null, 2), { mode: 0o600 });
}

/** Of files and, recursively, of the files in folders: their paths, contents and modes. A missing file counts, too. */
export function checksumOf(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) addTo(hash, path, "");
  return hash.digest("hex");
}

function addTo(hash: ReturnType<typeof createHash>, path: string, name: string): void {
  if (!existsSync(path)) return void hash.update(`${name}\0missing\0`);
  const stats = statSync(path);
  if (stats.isDirectory()) {
    for (const entry of readdirSync(path).sort()) {
      if (entry !== "__pycache__") addTo(hash, join(path, entry), `${name}/${entry}`);
    }
  } else if (stats.isFile()) {
    const content = createHash("sha256").update(readFileSync(path)).digest("hex");
    hash.update(`${name}\0${stats.mode & 0o777}\0${content}\0`);
  }
}
