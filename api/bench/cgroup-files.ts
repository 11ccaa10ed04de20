import { readFileSync } from "node:fs";

/** The one number in a cgroup file, or 0 where this kernel has no such file. */
export function readNumber(file: string): number {
  return Number(readIfThere(file).trim() || 0);
}

/** The number after `name` in a cgroup file of lines "name number", or 0 where it has none. */
export function readField(file: string, name: string): number {
  for (const line of readIfThere(file).split("\n")) {
    const [key, value] = line.split(" ");
    if (key === name) return Number(value);
  }
  return 0;
}

/** Bytes of page cache in a memory.stat, of either version. */
export function filePages(file: string): number {
  return readField(file, "inactive_file") + readField(file, "active_file");
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
