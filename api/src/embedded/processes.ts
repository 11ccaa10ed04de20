import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

const POLL_INTERVAL_MS = 20;

/**
 * Runs a short command to its end, in the root folder (the account it runs under may not enter the current one) and where the
 * terminal's Ctrl-C does not reach it.
 *
 * @returns what it printed and its exit code: 127 when it doesn't exist, 128 when a signal ended it
 */
export async function runToEnd([program = "", ...args]: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(program, args, { cwd: "/", detached: true, env, stdio: ["ignore", "pipe", "pipe"] });
  try {
    const [[code], ...output] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
    return { code: code ?? 128, output: output.join("") };
  } catch (error) {
    return { code: 127, output: String(error) };
  }
}

/** Polls every 20 ms; false when the condition does not hold within the deadline. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, deadlineMs: number): Promise<boolean> {
  for (const end = performance.now() + deadlineMs; !(await holds()); await delay(POLL_INTERVAL_MS))
    if (performance.now() >= end) return false;
  return true;
}

/**
 * The processes of the PostgreSQL that runs on `dataDirectory` (a real path): the postmaster, if it is alive, and its
 * children, which may survive it for a moment. Zombies do not count.
 */
export function clusterProcesses(dataDirectory: string): number[] {
  const table = process.platform === "linux" ? linuxProcesses(dataDirectory) : otherProcesses(dataDirectory);
  const found = new Set(table.filter(({ isOfCluster }) => isOfCluster).map(({ pid }) => pid));
  for (const { pid, parent } of table) if (found.has(parent)) found.add(pid);
  return [...found];
}

/** A slim container may have no `ps`. See proc_pid_stat(5): the name in parentheses may hold anything, even ") ". */
function linuxProcesses(dataDirectory: string) {
  return readdirSync("/proc").flatMap((pid) => {
    const stat = /^\d+$/.test(pid) ? attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8")) : undefined;
    const [, program, parent] = /^\d+ \((.*)\) [^Z] (\d+) /s.exec(stat ?? "") ?? [];
    // A shell may stand in that folder, too.
    const isOfCluster = program === "postgres" && worksIn(pid, dataDirectory);
    return parent === undefined ? [] : { pid: Number(pid), parent: Number(parent), isOfCluster };
  });
}

/** PostgreSQL's processes work in their data directory. Where that link is not readable, the postmaster's arguments name it. */
function worksIn(pid: string, dataDirectory: string): boolean {
  const folder = attempt(() => readlinkSync(`/proc/${pid}/cwd`));
  if (folder !== undefined) return folder === dataDirectory;
  return attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(dataDirectory)) ?? false;
}

function otherProcesses(dataDirectory: string) {
  const table = execFileSync("ps", ["-axww", "-o", "pid=,ppid=,stat=,args="], { encoding: "utf8" });
  return [...table.matchAll(/^\s*(\d+)\s+(\d+)\s+[^Z\s]\S*\s+(.*)$/gm)].map(([, pid, parent, args = ""]) => {
    return { pid: Number(pid), parent: Number(parent), isOfCluster: args.includes(`/postgres -D ${dataDirectory} `) };
  });
}

/** Undefined where it fails: a file may be missing or belong to another user, and a process may end while it is looked at. */
export function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
