import { readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { median } from "@goldenring/run-kit";
import { clampShare, type UseSample } from "./resources.ts";

/** Linux counts CPU time for users of /proc in hundredths of a second. Source: proc(5), USER_HZ. */
const TICKS_PER_SECOND = 100;

interface Ticks {
  /** Unix time, ms. */
  readonly at: number;
  readonly busy: number;
  readonly all: number;
  readonly k6: number;
}

/** What k6 and the whole computer use, read from /proc. Shares are of the computer's cores. Without /proc there are no samples. */
export class ComputerUse {
  readonly samples: UseSample[] = [];
  readonly #k6: string;
  #before: Ticks | undefined;

  constructor(pid: number | undefined) {
    this.#k6 = `/proc/${pid}`;
    this.#before = this.#ticks();
  }

  sample(): void {
    const [before, now] = [this.#before, this.#ticks()];
    this.#before = now;
    if (now === undefined || before === undefined || now.all <= before.all) return;
    const k6Cores = (now.k6 - before.k6) / TICKS_PER_SECOND / ((now.at - before.at) / 1000);
    const available = kibibytes("/proc/meminfo", /^MemAvailable:\s+(\d+)/m) ?? freemem();
    this.samples.push({
      at: now.at,
      parts: [
        {
          name: "computer",
          cpuShare: clampShare((now.busy - before.busy) / (now.all - before.all)),
          memoryBytes: totalmem() - available,
        },
        {
          name: "k6",
          cpuShare: clampShare(k6Cores / availableParallelism()),
          memoryBytes: kibibytes(`${this.#k6}/status`, /^VmRSS:\s+(\d+)/m),
        },
      ],
    });
  }

  #ticks(): Ticks | undefined {
    const [stat, own] = [read("/proc/stat"), read(`${this.#k6}/stat`)];
    if (stat === undefined || own === undefined) return undefined;
    return { at: Date.now(), ...computerTicks(stat), k6: processTicks(own) };
  }
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
