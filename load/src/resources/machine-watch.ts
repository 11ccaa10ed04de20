import { type Machine, runOn } from "@goldenring/stand";
import { clampShare, type UseSample } from "./resources.ts";

/** What serves on a replica: the product, or the baseline instead. */
const SERVING_UNITS = ["goldenring-api", "goldenring-baseline"] as const;

const MICROSECONDS_PER_SECOND = 1_000_000;

/**
 * Prints every second what is used: time and CPU in microseconds, cores, memory in KiB. It uses only what bash has built in: a replica may
 * have a quarter of a core and would pay for every program that is started. It ends with its connection.
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

/**
 * What machines use, second by second, read from their control groups over one ssh connection each: Prometheus scrapes every ten
 * seconds, too rarely for a run of a minute. Of a replica it is the CPU of what serves there, as a share of its limit, and its resident
 * memory; of other machines the memory is all but what the kernel can take back. A machine that cannot be reached has no samples.
 *
 * @param replicaCores what a replica may use
 */
export function watchMachines(machines: readonly Machine[], replicaCores: number) {
  const samples: UseSample[] = [];
  const restarted = new Set<string>();
  const over = new AbortController();
  const take = (name: string, last: Reading, reading: Reading): void => {
    // Between two services nothing serves; the next one counts from 0.
    if (last.used !== undefined && (reading.used ?? 0) < last.used) restarted.add(name);
    const { memoryBytes } = reading;
    samples.push({ at: Date.now(), parts: [{ name, memoryBytes, cpuShare: shareOf(last, reading) }] });
  };
  for (const machine of machines) {
    const isReplica = machine.roles.includes("api");
    const units = isReplica ? SERVING_UNITS.map((unit) => `/system.slice/${unit}.service`) : ['""'];
    const script = SCRIPT.replace("UNITS", units.join(" "));
    let last: Reading | undefined;
    const onLine = (line: string): void => {
      const reading = readingOf(line, isReplica ? replicaCores : undefined);
      if (reading === undefined) return;
      if (last !== undefined) take(machine.name, last, reading);
      last = reading;
    };
    const options = { deadlineMs: Number.POSITIVE_INFINITY, holdsInput: true, signal: over.signal, onLine };
    void runOn(machine, `exec bash -c '${script}'`, options);
  }
  return { samples, restarted, stop: (): void => over.abort() };
}

type Reading = NonNullable<ReturnType<typeof readingOf>>;

/** In microseconds by the machine's clock, and of CPU. @param limit of its cores; undefined: all that the machine has */
function readingOf(line: string, limit: number | undefined) {
  const [time, used, cores, memory] = line.split(" ");
  const reading = {
    time: Number(time) * MICROSECONDS_PER_SECOND,
    used: used === "-" ? undefined : Number(used),
    cores: limit ?? Number(cores),
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
