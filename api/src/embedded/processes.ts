import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const onLinux = process.platform === "linux";

/**
 * Names one run of one process: two processes that got the same id one after the other have different names.
 * Undefined when there is no such process, or only its exit status is left (a zombie).
 */
export function processName(pid: number): string | undefined {
  if (onLinux) {
    const stat = statOf(pid);
    return stat === undefined || stat.state === "Z" ? undefined : `${bootId()} ${stat.startTicks}`;
  }
  try {
    const [state = "Z", ...started] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    })
      .trim()
      .split(/\s+/);
    return state.startsWith("Z") ? undefined : started.join(" ");
  } catch {
    return undefined;
  }
}

export function isRunning(pid: number): boolean {
  return processName(pid) !== undefined;
}

/**
 * The processes of the PostgreSQL that runs on `dataDirectory` (a real path): the postmaster, if it is alive, and its
 * children, which may survive it for a moment.
 */
export function clusterProcesses(dataDirectory: string): number[] {
  const table = onLinux ? linuxProcesses(dataDirectory) : otherProcesses(dataDirectory);
  const found = new Set(table.filter(({ ofCluster }) => ofCluster).map(({ pid }) => pid));
  for (const { pid, parent } of table) if (found.has(parent)) found.add(pid);
  return [...found];
}

interface TableRow {
  readonly pid: number;
  readonly parent: number;
  readonly ofCluster: boolean;
}

/** PostgreSQL's processes work in their data directory. Where that link is not readable, the postmaster's arguments tell it. */
function linuxProcesses(dataDirectory: string): TableRow[] {
  const rows: TableRow[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = statOf(pid);
    if (stat === undefined || stat.state === "Z") continue;
    // Somebody's shell may stand in that folder too.
    const ofCluster = stat.program === "postgres" && worksIn(pid, dataDirectory);
    rows.push({ pid, parent: stat.parent, ofCluster });
  }
  return rows;
}

function worksIn(pid: number, dataDirectory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === dataDirectory;
  } catch {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(dataDirectory);
    } catch {
      return false;
    }
  }
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

interface Stat {
  readonly program: string;
  readonly state: string;
  readonly parent: number;
  readonly startTicks: string;
}

/** See proc_pid_stat(5). The second field is the program's name in parentheses and may hold anything, even ") ". */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const program = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, parent] = fields;
    const startTicks = fields[19];
    if (state === undefined || parent === undefined || startTicks === undefined) return undefined;
    return { program, state, parent: Number(parent), startTicks };
  } catch {
    return undefined;
  }
}

/** Start times count from boot, so they name a process only together with the boot. */
function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
