import { readFileSync } from "node:fs";

/**
 * When a process was started, in clock ticks after the boot: with its number it names a process for good.
 *
 * @param stat /proc/PID/stat
 */
export function startTimeOf(stat: string): string {
  // The name in parentheses may contain anything, also parentheses.
  const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  if (started === undefined || started === "") throw new Error(`no /proc/PID/stat: ${stat.slice(0, 80)}`);
  return started;
}

/** Undefined when there is no such process. */
export function processStart(pid: number): string | undefined {
  try {
    return startTimeOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}
