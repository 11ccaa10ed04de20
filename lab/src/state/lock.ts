import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LabProblem, StandBusy } from "../problem.ts";

/** `flock`'s exit code for "somebody else has it", chosen so that nothing else ends with it. */
const TAKEN = 75;

export interface LockOptions {
  /** What the holder does, shown to whoever is turned away. */
  readonly purpose: string;
  readonly waitSeconds: number;
}

/**
 * Runs the work while no other process runs any under the same lock. The lock is held by a child (`flock … cat`) that ends when its
 * standard input does: with this process, however that ends.
 *
 * @throws StandBusy when another one holds it for longer than `waitSeconds`
 */
export async function withLock<Result>(
  file: string,
  { purpose, waitSeconds }: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const holder = spawn(
    "flock",
    [
      "--exclusive",
      "--no-fork",
      "--wait",
      String(waitSeconds),
      "--conflict-exit-code",
      String(TAKEN),
      file,
      "sh",
      "-c",
      "echo held; exec cat",
    ],
    { cwd: "/", detached: true, stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = new Promise<number>((resolve) => {
    holder.on("error", () => resolve(127));
    holder.on("close", (code) => resolve(code ?? 128));
  });
  const held = new Promise<"held">((resolve) => holder.stdout.once("data", () => resolve("held")));
  const outcome = await Promise.race([held, ended]);
  if (outcome === TAKEN) throw new StandBusy(await busyMessage(file));
  if (outcome !== "held") throw new LabProblem(`Cannot lock ${file} (flock ended with ${outcome}).`);
  try {
    await writeFile(`${file}.holder`, `${purpose} (process ${process.pid})`);
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

async function busyMessage(file: string): Promise<string> {
  const who = await readFile(`${file}.holder`, "utf8").catch(() => "");
  return `Another run is at work on the same stand${who ? `: ${who}` : ""}. Wait until it has ended, or end it, and try again.`;
}
