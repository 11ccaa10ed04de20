import type { StandMachine } from "@goldenring/stand";
import { mustHold } from "./fault.ts";

/** @throws {CommandError} unless the unit runs: stopping what is stopped shows nothing */
export async function mustRun(machine: StandMachine, unit: string): Promise<void> {
  await mustHold(machine, `systemctl is-active --quiet ${unit}`, `${unit} does not run there`);
}

/**
 * Starts it. Nobody waits until it is ready: etcd says that it is started when it has found the others, which may wait for their own start.
 * What was reset after too many failures starts, too.
 */
export const startUnit = (unit: string): string =>
  `systemctl reset-failed ${unit} 2>/dev/null; systemctl start --no-block ${unit}`;

/** Succeeds when it runs or starts. */
export const unitStarts = (unit: string): string =>
  `n=0; until case $(systemctl is-active ${unit}) in active|activating|reloading) : ;; *) false ;; esac; do n=$((n + 1)); [ $n -lt 10 ] || exit 1; sleep 0.5; done`;
