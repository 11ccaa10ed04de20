import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** A process that is never taken for another one that got its number later. */
export interface ProcessId {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after the boot of the computer. */
  readonly startedAt: string;
}

/**
 * @param text /proc/PID/stat
 * @returns undefined for a zombie: it runs no more
 */
export function parseStat(text: string): string | undefined {
  // The name in parentheses may contain anything, also parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" || state === "X" ? undefined : fields[19];
}

/** @returns when the process was started; undefined when there is none */
export async function startOf(pid: number): Promise<string | undefined> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

export async function isAlive({ pid, startedAt }: ProcessId): Promise<boolean> {
  return (await startOf(pid)) === startedAt;
}

/** @returns undefined when the file is missing or half written */
export async function readPidFile(file: string): Promise<ProcessId | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [, pid, startedAt] = /^(\d+) (\d+)\n$/.exec(text) ?? [];
  return pid === undefined || startedAt === undefined ? undefined : { pid: Number(pid), startedAt };
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export async function signalIfAlive(id: ProcessId | undefined, name: NodeJS.Signals): Promise<boolean> {
  if (!id || !(await isAlive(id))) return false;
  signal(id.pid, name);
  return true;
}

/** @returns whether it came true in time */
export async function waitUntil(condition: () => Promise<boolean>, deadlineMs: number, everyMs = 50): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await delay(everyMs);
  }
  return true;
}

/** Processes whose network is that namespace, without this process and those that started it. */
export async function processesInNetwork(namespaceFile: string): Promise<readonly number[]> {
  const wanted = await stat(namespaceFile).then(
    ({ ino }) => `net:[${ino}]`,
    () => undefined,
  );
  if (!wanted) return [];
  const own = await ancestors(process.pid);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const inside = await Promise.all(
    pids.map(async (pid) => (await readlink(`/proc/${pid}/ns/net`).catch(() => "")) === wanted),
  );
  return pids.filter((pid, index) => inside[index] && !own.has(pid));
}

async function ancestors(pid: number): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (let next = pid; next > 0 && !found.has(next); ) {
    found.add(next);
    const text = await readFile(`/proc/${next}/stat`, "utf8").catch(() => "");
    next = Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  }
  return found;
}
