import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The folder load/ of this checkout. */
const ROOM = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const RUNS_FOLDER = join(dirname(ROOM), "runs", "load");

export function scenarioFile(name: string): string {
  return join(ROOM, "scenarios", `${name}.ts`);
}

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
