import { execFile } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The folder chaos/ of this checkout. */
const ROOM = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const RUNS_FOLDER = join(dirname(ROOM), "runs", "chaos");

export interface Commit {
  /** "unknown" where there is no git. */
  readonly commit: string;
  readonly dirty: boolean;
}

export async function commitOfCheckout(): Promise<Commit> {
  const git = async (...args: string[]) => (await promisify(execFile)("git", args, { cwd: ROOM })).stdout.trim();
  try {
    return {
      commit: await git("rev-parse", "HEAD"),
      dirty: (await git("status", "--porcelain", "--", ":/", ":(top,exclude)docs/results")) !== "",
    };
  } catch {
    return { commit: "unknown", dirty: false };
  }
}

/** This computer, as far as it says something about figures. */
export function describeComputer(): { os: string; cpu: string; cores: number; memoryMiB: number } {
  const all = cpus();
  return {
    os: `${type()} ${release()}`,
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
  };
}
