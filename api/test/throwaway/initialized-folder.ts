import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../../src/embedded/cluster.ts";
import { throwawayFolder } from "./folder.ts";

const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** What decides about the content of a new data directory. */
const SOURCES = ["../../src/embedded/cluster.ts", "../../../bun.lock"];

/**
 * Puts a new data directory into a folder that does not exist yet. initdb takes most of a cluster's start, so it runs once per
 * checkout and user; this is a copy, and all copies have the same system identifier.
 */
export async function copyInitialized(to: string, start: (folder: string) => Promise<Cluster>): Promise<void> {
  const hash = createHash("sha256");
  for (const source of SOURCES) hash.update(readFileSync(new URL(source, import.meta.url)));
  const kept = join(MODULES, `.goldenring-cluster-${process.getuid?.()}-${hash.digest("hex").slice(0, 12)}`);
  if (!existsSync(kept)) await keepInitialized(kept, start);
  copy(kept, to);
}

async function keepInitialized(kept: string, start: (folder: string) => Promise<Cluster>): Promise<void> {
  const folder = throwawayFolder("initialized");
  const cluster = await start(folder);
  await cluster.stop();
  rmSync(join(folder, "postgres.log"));
  const draft = `${kept}.${process.pid}`;
  copy(folder, draft);
  try {
    renameSync(draft, kept);
  } catch {
    // Another process was first.
    rmSync(draft, { recursive: true });
  }
}

function copy(from: string, to: string): void {
  const { status, stderr } = spawnSync("cp", ["-a", from, to], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}
