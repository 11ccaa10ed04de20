import { readFileSync } from "node:fs";
import * as z from "zod";

/** Names a process for good: a later process with the same number, also after a reboot, is another one. */
export const ProcessId = z.object({
  pid: z.int().positive(),
  /** Field 22 of /proc/PID/stat: clock ticks from the computer's boot to the start of the process. */
  startTicks: z.string(),
  /** /proc/sys/kernel/random/boot_id */
  bootId: z.string(),
});
export type ProcessId = z.infer<typeof ProcessId>;

/** @returns undefined when there is no such process, or only its zombie */
export function processIdOf(pid: number): ProcessId | undefined {
  const startTicks = startTicksOf(pid);
  return startTicks === undefined ? undefined : { pid, startTicks, bootId: bootId() };
}

export function isAlive(id: ProcessId): boolean {
  return id.bootId === bootId() && startTicksOf(id.pid) === id.startTicks;
}

/** @returns whether the process was alive and has the signal */
export function sendSignal(id: ProcessId | undefined, name: NodeJS.Signals): boolean {
  return id !== undefined && isAlive(id) && signalPid(id.pid, name);
}

/** @param pid a negative number is a process group. @returns whether there is such a process */
export function signalPid(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    return false;
  }
}

/** @param stat content of /proc/PID/stat @returns undefined for a zombie: it runs no more */
export function parseStartTicks(stat: string): string | undefined {
  // The name in parentheses may contain anything, also parentheses.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : fields[18];
}

function startTicksOf(pid: number): string | undefined {
  try {
    return parseStartTicks(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

let knownBootId: string | undefined;

/** Of this boot of the computer; "none" where there is no /proc. */
export function bootId(): string {
  try {
    knownBootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {}
  return knownBootId ?? "none";
}
