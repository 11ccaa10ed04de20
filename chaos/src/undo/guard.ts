import { shellQuote } from "@goldenring/stand";
import { FILE_MARK, type MachineFault } from "../faults/fault.ts";

/** The name of a guarded fault, and how long it may last. */
export interface Guard {
  /** Lower-case letters, digits and hyphens; unique. */
  readonly id: string;
  /** Folder of the machine for its faults. */
  readonly folder: string;
  /** After which the machine ends the fault itself. */
  readonly endsAfterSeconds: number;
}

/** Exit codes of an injection that did nothing. */
export const UNDONE_BEFORE = 75;
export const FAULTY_ALREADY = 76;

/** An undo prints it when the fault was not active any more: something else had ended it. */
export const ENDED_BEFORE = "goldenring-chaos: it had ended before";

/** Whether systemd can keep the timer: it must run, and only root may set one. */
const BY_SYSTEMD = '{ [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ]; }';

/** How long a script waits for another one on the same machine before it goes on without the lock. */
const LOCK_WAIT_S = 30;

/**
 * Guards a fault of a machine:
 * - its undo is on the machine, with a timer that runs it, before the fault is; without systemd the timer is a sleeping process;
 * - an injection that arrives late, after its undo, does nothing: its sender may have been killed in between;
 * - a machine with a fault of the same slot refuses another one.
 *
 * @returns shell command lines, run as root on the machine
 */
export function guarded(fault: MachineFault, { id, folder: path, endsAfterSeconds }: Guard) {
  const folder = shellQuote(path);
  const file = `${fault.slot}.${id}.undo`;
  const over = `${id}.over`;
  const timer = `${FILE_MARK}-${fault.slot}-${id}`;
  // What the fault starts must not inherit the lock.
  const apart = (script: string): string => `( ${script}\n) 9>&-`;
  const lock = `mkdir -p ${folder} && cd ${folder} || exit 1; exec 9>lock; flock -w ${LOCK_WAIT_S} 9`;
  const end = `${lock}; [ -e ${file} ] || exit 0; ${apart(`. ./${file}`)} && rm -f ${file} && echo by itself >${over}`;
  const sleeper = `n=0; while [ -e ${folder}/${file} ] && [ $n -lt ${endsAfterSeconds} ]; do sleep 1; n=$((n + 1)); done; [ ! -e ${folder}/${file} ] || { ${end}; }`;
  const byTimer = `systemd-run --quiet --collect --unit=${timer}-end --on-active=${endsAfterSeconds} sh -c ${shellQuote(end)}`;
  // An undo that runs again, because its answer was lost, finds the empty file that it made. A file that fills a disk survives a boot.
  const reportIfEnded = `[ -e ${file} ] || { [ -e ${over} ] && [ ! -s ${over} ]; } || ! ${apart(fault.gone)} || echo ${shellQuote(ENDED_BEFORE)}`;
  const bySleeper = `setsid -f sh -c ${shellQuote(sleeper)} </dev/null >/dev/null 2>&1 9>&-`;
  return {
    inject: [
      lock,
      `[ ! -e ${over} ] || { echo "it was undone before it began" >&2; exit ${UNDONE_BEFORE}; }`,
      `set -- ${fault.slot}.*.undo`,
      `[ ! -e "$1" ] || { echo "it has such a fault already ($1)" >&2; exit ${FAULTY_ALREADY}; }`,
      `printf '%s\\n' ${shellQuote(fault.undo)} >${file} || exit 1`,
      `if ${BY_SYSTEMD}; then ${byTimer}; else ${bySleeper}; fi || exit 1`,
      apart(fault.inject),
    ].join("\n"),
    undo: [
      lock,
      ...(fault.mayEndEarly ? [] : [reportIfEnded]),
      `: >${over}`,
      `find . -name '*.over' -mmin +1440 -delete`,
      apart(fault.undo),
      `${apart(fault.gone)} || { echo "something of the fault is left" >&2; exit 1; }`,
      `rm -f ${file}`,
      `! ${BY_SYSTEMD} || systemctl stop ${timer}-end.timer 2>/dev/null`,
      `[ ! -e ${file} ]`,
    ].join("\n"),
  };
}

/** Runs every undo that the machine still has. */
export function undoAllThere(path: string): string {
  const folder = shellQuote(path);
  return [
    `[ -d ${folder} ] || exit 0`,
    `cd ${folder} || exit 1; exec 9>lock; flock -w ${LOCK_WAIT_S} 9`,
    `for file in *.undo; do [ ! -e "$file" ] || { ( . "./$file" ) 9>&- && rm -f "$file"; }; done`,
    `set -- *.undo; [ ! -e "$1" ]`,
  ].join("\n");
}
