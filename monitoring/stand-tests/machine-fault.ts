import { shellQuote } from "@goldenring/stand";

/** Seconds after which a machine ends a fault itself, whatever has become of whoever made it. */
const BOUND_S = 300;

/** Where a machine keeps, until its next boot, how to undo the faults that it has. */
const FOLDER = "/run/ring-fault";

/** Shell commands, run as root on the machine. */
export interface MachineFault {
  readonly inject: string;
  readonly undo: string;
}

/**
 * A fault with its undoing, which is written down and given to a timer before anything is done.
 *
 * @param name letters and hyphens; of one machine's faults each has its own
 * @param undo may be run before the fault, half-way, and twice
 */
export function boundedFault(name: string, inject: string, undo: string): MachineFault {
  const file = `${FOLDER}/${name}`;
  const timer = `ring-fault-end-${name}`;
  const writeDown = `mkdir -p ${FOLDER} && printf '%s\\n' ${shellQuote(undo)} >${file}`;
  const bound = `systemd-run --quiet --collect --unit=${timer} --on-active=${BOUND_S} sh ${file}`;
  return {
    inject: `${writeDown} && ${bound} && { ${inject}; }`,
    undo: `[ ! -e ${file} ] || { sh ${file} && rm -f ${file}; }; systemctl stop ${timer}.timer 2>/dev/null; [ ! -e ${file} ]`,
  };
}

/** Undoes every fault that the machine has, whoever made it. */
export const UNDO_ALL = `for file in ${FOLDER}/*; do [ ! -e "$file" ] || { sh "$file" && rm -f "$file"; }; done; systemctl stop 'ring-fault-end-*.timer' 2>/dev/null; [ -z "$(ls ${FOLDER} 2>/dev/null)" ]`;

const stress = (name: string, seconds: number, words: string): MachineFault => {
  const unit = `ring-fault-${name}`;
  // The first to go when memory gets short, and never longer than it says.
  const properties = `--property=RuntimeMaxSec=${seconds} --property=OOMScoreAdjust=1000`;
  return boundedFault(
    name,
    `systemd-run --quiet --collect --unit=${unit} ${properties} stress-ng ${words}`,
    `systemctl stop ${unit}.service 2>/dev/null || :`,
  );
};

/** Every CPU of the machine at 100 %. @param seconds at most 300 */
export function cpuLoad(seconds: number): MachineFault {
  return stress("cpu", seconds, `--cpu "$(nproc)" --cpu-load 100 --timeout ${seconds}s`);
}

/** Memory is taken until so much of it is in use, in percent, and held. */
export function memoryInUse(percent: number): MachineFault {
  const fault = stress(
    "memory",
    BOUND_S,
    `--vm 1 --vm-bytes "$fill"k --vm-keep --vm-populate --vm-hang 0 --timeout ${BOUND_S}s`,
  );
  const figures = `set -- $(awk '/^MemTotal:/ { total = $2 } /^MemAvailable:/ { free = $2 } END { print total, free }' /proc/meminfo)`;
  const fill = `fill=$(($2 - $1 * ${100 - percent} / 100)); [ "$fill" -gt 0 ] || { echo "as much is in use already" >&2; exit 1; }`;
  return { ...fault, inject: `${figures}; ${fill}; ${fault.inject}` };
}

const FILL = "/var/lib/ring-fault.fill";

/** The root file system is filled until only so much is left as makes it that full, in percent. */
export function diskFilled(percent: number): MachineFault {
  const figures = "set -- $(df --block-size=1 --output=size,avail / | tail -n 1)";
  const fill = `fill=$(($2 - $1 * ${100 - percent} / 100)); [ "$fill" -gt 0 ] || { echo "it is as full already" >&2; exit 1; }`;
  return boundedFault("disk", `${figures}; ${fill}; fallocate --length "$fill" ${FILL}`, `rm -f ${FILL}`);
}

/** A service is stopped. */
export function stopped(unit: string): MachineFault {
  // etcd says that it is started when it has found the others: nobody waits for that.
  return boundedFault(`stopped-${unit}`, `systemctl stop ${unit}`, `systemctl start --no-block ${unit}`);
}

/**
 * SIGKILL of postgres, which then cannot be started: something else stands in the place of its program. A boot takes that away, too.
 * Patroni lives and sees it.
 */
export function postgresKeptDead(): MachineFault {
  const each = "for program in /usr/lib/postgresql/*/bin/postgres";
  return boundedFault(
    "postgres",
    `${each}; do mount --bind /bin/false "$program" || exit 1; done; for file in /var/lib/postgresql/*/main/postmaster.pid; do [ ! -e "$file" ] || kill -KILL "$(head -n 1 "$file")"; done`,
    `${each}; do while mountpoint -q "$program"; do umount "$program" || exit 1; done; done`,
  );
}
