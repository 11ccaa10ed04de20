import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Machine, sshCommand } from "@goldenring/stand";
import type { ResourceRow, ResourceUse } from "../record/record.ts";
import { clampShare, REPLICA_CORES } from "./resources.ts";

/** What serves on a replica: the product, or the baseline instead. */
const SERVING_UNITS = ["goldenring-api", "goldenring-baseline"] as const;

const MICROSECONDS_PER_SECOND = 1_000_000;

/**
 * Prints every second what is used: time and CPU in microseconds, cores, memory in KiB. It uses only what bash has built in: a replica has
 * a quarter of a core and would pay for every program that is started. It ends with its connection.
 */
const SCRIPT = `
LC_ALL=C
shopt -s nullglob
cores=0
while read -r word _; do case $word in processor) cores=$((cores + 1));; esac; done < /proc/cpuinfo
while :; do
  used= serving=
  for unit in UNITS; do
    for file in /sys/fs/cgroup$unit/cpu.stat; do [ -n "$used" ] || read -r _ used < "$file"; done
    for file in /sys/fs/cgroup$unit/cgroup.procs; do [ "$file" = /sys/fs/cgroup/cgroup.procs ] || read -r serving < "$file"; done
  done
  while read -r word count _; do
    case $word in MemTotal:) all=$count;; MemAvailable:) memory=$((all - count)); break;; esac
  done < /proc/meminfo
  [ -z "$serving" ] || while read -r word count _; do
    case $word in VmRSS:) memory=$count; break;; esac
  done < /proc/$serving/status
  echo "$EPOCHREALTIME \${used:--} $cores $memory"
  read -r -t 1 _
  [ $? -gt 128 ] || exit 0
done`;

interface Reading {
  /** Unix time by this computer's clock, ms. */
  readonly at: number;
  /** Microseconds by the machine's clock, and of CPU. */
  readonly time: number;
  readonly used: number | undefined;
  readonly cores: number;
  readonly memoryBytes: number;
}

interface Watched {
  readonly name: string;
  readonly child: ChildProcess;
  last: Reading | undefined;
}

/**
 * What machines use, second by second, read from their control groups over one ssh connection each: Prometheus scrapes every ten
 * seconds, too rarely for a run of a minute. Of a replica it is the CPU of what serves there, as a share of a quarter of a core, and its resident
 * memory; of other machines the memory is all but what the kernel can take back. A machine that cannot be reached has no rows.
 */
export class MachineWatch {
  readonly #rows: { readonly at: number; readonly part: ResourceUse }[] = [];
  readonly #watched: readonly Watched[];
  readonly #restarted = new Set<string>();

  constructor(machines: readonly Machine[]) {
    this.#watched = machines.map((machine) => this.#watch(machine));
  }

  /** Machines whose service was restarted during the watch. */
  get restarted(): readonly string[] {
    return [...this.#restarted];
  }

  stop(): void {
    for (const { child } of this.#watched) child.kill();
  }

  /** @param startedAt the beginning of the run's clock, Unix time, ms */
  rows(startedAt: number): ResourceRow[] {
    return this.#rows
      .filter(({ at }) => at > startedAt)
      .map(({ at, part }) => ({ t: (at - startedAt) / 1000, parts: [part] }));
  }

  #watch(machine: Machine): Watched {
    const [program = "ssh", ...args] = sshCommand(machine, `exec bash -c '${scriptFor(machine)}'`);
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], detached: true });
    child.on("error", () => {});
    child.stdin?.on("error", () => {});
    const watched: Watched = { name: machine.name, child, last: undefined };
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => this.#take(watched, readingOf(line, Date.now())));
    }
    return watched;
  }

  #take(watched: Watched, reading: Reading | undefined): void {
    const { last, name } = watched;
    if (reading === undefined) return;
    watched.last = reading;
    // Between two services nothing serves; the next one counts from 0.
    if (last === undefined) return;
    if (last.used !== undefined && (reading.used ?? 0) < last.used) this.#restarted.add(name);
    const cpuShare = shareOf(last, reading);
    const { memoryBytes } = reading;
    this.#rows.push({ at: reading.at, part: { name, memoryBytes, ...(cpuShare === undefined ? {} : { cpuShare }) } });
  }
}

function scriptFor({ roles }: Machine): string {
  const units = roles.includes("api") ? SERVING_UNITS.map((unit) => `/system.slice/${unit}.service`) : ['""'];
  const text = SCRIPT.replace("UNITS", units.join(" "));
  return roles.includes("api")
    ? text.replace("cores=$((cores + 1))", ":").replace("cores=0", `cores=${REPLICA_CORES}`)
    : text;
}

function readingOf(line: string, at: number): Reading | undefined {
  const [time, used, cores, memory] = line.split(" ");
  const reading = {
    at,
    time: Number(time) * MICROSECONDS_PER_SECOND,
    used: used === "-" ? undefined : Number(used),
    cores: Number(cores),
    memoryBytes: Number(memory) * 1024,
  };
  return [reading.time, reading.used ?? 0, reading.cores, reading.memoryBytes].every(Number.isFinite)
    ? reading
    : undefined;
}

function shareOf(last: Reading, { time, used, cores }: Reading): number | undefined {
  if (last.used === undefined || used === undefined || used < last.used || time <= last.time) return undefined;
  return clampShare((used - last.used) / (time - last.time) / cores);
}
