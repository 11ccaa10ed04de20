import { readFileSync } from "node:fs";
import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import type { Before, ResourceRow, ResourceUse } from "../record/record.ts";
import { memoryAccessNs } from "./memory-access.ts";
import { clampShare } from "./resources.ts";

/** The computer in this moment. */
export function computerBefore(): Before {
  return { loadAverage: loadavg()[0] ?? 0, memoryAccessNs: memoryAccessNs() };
}

/** Linux counts CPU time for users of /proc in hundredths of a second. Source: proc(5), USER_HZ. */
const TICKS_PER_SECOND = 100;

interface Ticks {
  /** Unix time, ms. */
  readonly at: number;
  readonly busy: number;
  readonly all: number;
  readonly k6: number;
}

/**
 * What k6 and the whole computer use, read from /proc. Shares are of the computer's cores. Without /proc there are no rows.
 */
export class ComputerUse {
  readonly #rows: { readonly at: number; readonly parts: ResourceUse[] }[] = [];
  readonly #pid: number | undefined;
  #before: Ticks | undefined;

  /** @param pid of k6 */
  constructor(pid: number | undefined) {
    this.#pid = pid;
    this.#before = this.#ticks();
  }

  /** Adds a row about the time since the last call. */
  sample(): void {
    const now = this.#ticks();
    const before = this.#before;
    this.#before = now;
    if (now === undefined || before === undefined || now.all <= before.all) return;
    const seconds = (now.at - before.at) / 1000;
    const k6Cores = (now.k6 - before.k6) / TICKS_PER_SECOND / seconds;
    const memory = this.#memory();
    this.#rows.push({
      at: now.at,
      parts: [
        {
          name: "computer",
          cpuShare: clampShare((now.busy - before.busy) / (now.all - before.all)),
          ...memory.computer,
        },
        { name: "k6", cpuShare: clampShare(k6Cores / availableParallelism()), ...memory.k6 },
      ],
    });
  }

  /** @param startedAt the beginning of the run's clock, Unix time, ms */
  rows(startedAt: number): ResourceRow[] {
    return this.#rows
      .filter(({ at }) => at > startedAt)
      .map(({ at, parts }) => ({ t: (at - startedAt) / 1000, parts }));
  }

  #ticks(): Ticks | undefined {
    const stat = read("/proc/stat");
    const own = this.#pid === undefined ? undefined : read(`/proc/${this.#pid}/stat`);
    if (stat === undefined || own === undefined) return undefined;
    return { at: Date.now(), ...computerTicks(stat), k6: processTicks(own) };
  }

  #memory() {
    const available = Number(/^MemAvailable:\s+(\d+)/m.exec(read("/proc/meminfo") ?? "")?.[1] ?? freemem() / 1024);
    const resident = Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${this.#pid}/status`) ?? "")?.[1]);
    return {
      computer: { memoryBytes: totalmem() - available * 1024 },
      k6: Number.isNaN(resident) ? {} : { memoryBytes: resident * 1024 },
    };
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

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
