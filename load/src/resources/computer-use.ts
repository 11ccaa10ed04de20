import { readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { median } from "@goldenring/run-kit";
import { clampShare, type UseSample } from "./resources.ts";

/** Linux counts CPU time for users of /proc in hundredths of a second. Source: proc(5), USER_HZ. */
const TICKS_PER_SECOND = 100;

/** What k6 and the whole computer use, read from /proc. Shares are of the computer's cores. Without /proc there are no samples. */
export function computerUse(pid: number | undefined) {
  const samples: UseSample[] = [];
  let before = ticksNow(pid);
  const sample = (): void => {
    const [last, now] = [before, ticksNow(pid)];
    before = now;
    if (now === undefined || last === undefined || now.all <= last.all) return;
    const k6Cores = (now.k6 - last.k6) / TICKS_PER_SECOND / ((now.at - last.at) / 1000);
    const available = kibibytes("/proc/meminfo", /^MemAvailable:\s+(\d+)/m) ?? freemem();
    const [all, own] = [(now.busy - last.busy) / (now.all - last.all), k6Cores / availableParallelism()];
    const ownMemory = kibibytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+)/m);
    const computer = { name: "computer", cpuShare: clampShare(all), memoryBytes: totalmem() - available };
    const k6 = { name: "k6", cpuShare: clampShare(own), memoryBytes: ownMemory };
    samples.push({ at: now.at, parts: [computer, k6] });
  };
  return { samples, sample };
}

function ticksNow(pid: number | undefined) {
  const [stat, own] = [read("/proc/stat"), read(`/proc/${pid}/stat`)];
  if (stat === undefined || own === undefined) return undefined;
  return { at: Date.now(), ...computerTicks(stat), k6: processTicks(own) };
}

/** The first line: user, nice, system, idle, iowait, irq, softirq, steal. Guest time is in user already. */
export function computerTicks(stat: string): { busy: number; all: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
    /^cpu\s+(.*)$/m.exec(stat)?.[1]?.split(/\s+/).map(Number) ?? [];
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, all: busy + idle + iowait };
}

/** utime and stime, the 14th and 15th field; the second one, the name, may hold spaces and parentheses. */
export function processTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** @returns bytes; undefined where the file or the line is missing */
function kibibytes(file: string, line: RegExp): number | undefined {
  const number = line.exec(read(file) ?? "")?.[1];
  return number === undefined ? undefined : Number(number) * 1024;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** 64 MiB: more than a core has of caches that it shares with nobody. */
const WORDS = 2 ** 24;
const STEPS = 100_000;
const ROUNDS = 5;

/**
 * The time that one access to memory takes at this moment, in ns, where the address is known only from the word before: the median of five rounds,
 * 0.3 s in all. Neighbours of a virtual machine make it two and three times as long, and with it whatever wakes up often and briefly; no share of
 * CPU shows why.
 */
export function memoryAccessNs(): number {
  // Of pages that nobody has written there is only one.
  const words = new Int32Array(WORDS).fill(1);
  let place = 0;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    // Leads through all words before it comes back (Hull and Dobell; the figures are those of Numerical Recipes), and never to a near one.
    for (let step = 0; step < STEPS; step += 1)
      place = (Math.imul(place, 1_664_525) + 1_013_904_222 + (words[place] ?? 0)) & (WORDS - 1);
    return ((performance.now() - started) / STEPS) * 1e6;
  });
  return median(rounds);
}
