import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const POLL_INTERVAL_MS = 20;

export interface Ended {
  /** Exit code; 127 when the command doesn't exist, 128 when a signal ended it. */
  readonly code: number;
  /** Standard output and error, in the order in which they came. */
  readonly output: string;
}

/**
 * Runs a short command to its end, in the root folder (the account it runs under may not enter the current one) and where the
 * terminal's Ctrl-C does not reach it.
 *
 * Never rejects: a command that doesn't exist is an exit code like any other failure.
 */
export function runToEnd(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(program, args, { cwd: "/", detached: true, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.on("error", (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 128, output }));
  });
}

/** Polls every 20 ms; false when the condition does not hold within the deadline. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, deadlineMs: number): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() >= end) return false;
    await delay(POLL_INTERVAL_MS);
  }
  return true;
}

/** Sends a signal to a process that may have ended already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

interface TableRow {
  readonly pid: number;
  readonly parent: number;
  readonly ofCluster: boolean;
}

/**
 * The processes of the PostgreSQL that runs on `dataDirectory` (a real path): the postmaster, if it is alive, and its
 * children, which may survive it for a moment. Zombies do not count.
 */
export function clusterProcesses(dataDirectory: string): number[] {
  const table = process.platform === "linux" ? linuxProcesses(dataDirectory) : otherProcesses(dataDirectory);
  const found = new Set(table.filter(({ ofCluster }) => ofCluster).map(({ pid }) => pid));
  for (const { pid, parent } of table) if (found.has(parent)) found.add(pid);
  return [...found];
}

/** A slim container may have no `ps`. See proc_pid_stat(5): the name in parentheses may hold anything, even ") ". */
function linuxProcesses(dataDirectory: string): TableRow[] {
  return readdirSync("/proc")
    .map(Number)
    .filter(Number.isInteger)
    .flatMap((pid) => {
      const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8")) ?? "";
      const [, program, state, parent] = /^\d+ \((.*)\) (\S) (\d+) /s.exec(stat) ?? [];
      if (state === undefined || state === "Z") return [];
      // A shell may stand in that folder, too.
      return [{ pid, parent: Number(parent), ofCluster: program === "postgres" && worksIn(pid, dataDirectory) }];
    });
}

/** PostgreSQL's processes work in their data directory. Where that link is not readable, the postmaster's arguments name it. */
function worksIn(pid: number, dataDirectory: string): boolean {
  const folder = attempt(() => readlinkSync(`/proc/${pid}/cwd`));
  if (folder !== undefined) return folder === dataDirectory;
  return attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(dataDirectory)) ?? false;
}

function otherProcesses(dataDirectory: string): TableRow[] {
  return execFileSync("ps", ["-axww", "-o", "pid=,ppid=,stat=,args="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, parent, state, args] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      if (state === undefined || args === undefined || state.startsWith("Z")) return [];
      const ofCluster = args.includes(`/postgres -D ${dataDirectory} `);
      return [{ pid: Number(pid), parent: Number(parent), ofCluster }];
    });
}

/** The process may end between listing and reading, and may belong to another user. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
