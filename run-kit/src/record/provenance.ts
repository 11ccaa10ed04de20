import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { CHECKOUT, runProgram } from "@goldenring/stand";
import * as z from "zod";

/** Where the runs of a kind are kept unless the user names another folder. */
export function runsFolder(kind: "load" | "chaos"): string {
  return join(CHECKOUT, "runs", kind);
}

/** Where and by what a run was made. Part of every record. */
export const Provenance = z.object({
  computer: z.object({ os: z.string(), cpu: z.string(), cores: z.int(), memoryMiB: z.int() }),
  /** "unknown" where there is no git. */
  commit: z.string(),
  /** The checkout had changes outside of docs/results. */
  dirty: z.boolean(),
});
export type Provenance = z.infer<typeof Provenance>;

const GIT_DEADLINE_MS = 10_000;

export async function provenance(): Promise<Provenance> {
  const all = cpus();
  const computer = {
    os: `${type()} ${release()}`,
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
  };
  const [commit, changes] = await Promise.all([
    git("rev-parse", "HEAD"),
    git("status", "--porcelain", "--", ":/", ":(top,exclude)docs/results"),
  ]);
  return { computer, commit: commit ?? "unknown", dirty: commit !== undefined && changes !== "" };
}

/** @returns undefined where there is no git, or it fails */
async function git(...args: string[]): Promise<string | undefined> {
  const { code, stdout } = await runProgram(["git", ...args], { deadlineMs: GIT_DEADLINE_MS, folder: CHECKOUT });
  return code === 0 ? stdout.trim() : undefined;
}

/** "70b8f2d", "70b8f2d with changes". */
export function commitText({ commit, dirty }: Pick<Provenance, "commit" | "dirty">): string {
  return dirty ? `${shortCommit(commit)} with changes` : shortCommit(commit);
}

export function shortCommit(commit: string): string {
  return commit.replace(/^([0-9a-f]{7})[0-9a-f]{33}(?![0-9a-f])/, "$1");
}

/** "2 cores (AMD EPYC), 24 GB, Linux 6.18". */
export function computerText({ computer: { os, cpu, cores, memoryMiB } }: Pick<Provenance, "computer">): string {
  return `${cores} cores (${cpu}), ${Math.round(memoryMiB / 1024)} GB, ${os}`;
}
