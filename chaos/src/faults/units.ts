import type { StandMachine } from "@goldenring/stand";
import * as z from "zod";
import { FILE_MARK, faultKind, form, type MachineFault, mustHold, NotAvailable } from "./fault.ts";

/** A service of systemd, with or without `.service`. */
export const unit = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9@._-]*$/, "is no name of a unit")
  .transform((name) => name.replace(/\.service$/, ""));

type UnitScripts = Pick<MachineFault, "inject" | "undo" | "gone" | "mayEndEarly">;

function unitFault<Name extends string>(
  name: Name,
  about: string,
  happens: string,
  scripts: (unit: string) => UnitScripts,
) {
  return faultKind({
    form: form(name, { unit }),
    about,
    describe: ({ unit }) => `${unit} is ${happens}`,
    prepare: ({ unit }, machine) => unitReady(machine, unit, scripts(unit)),
  });
}

/** What does not run is refused, because stopping it would show nothing. */
async function unitReady(machine: StandMachine, unit: string, scripts: UnitScripts): Promise<MachineFault> {
  if (unit === "goldenring-api" && machine.roles.includes("kubernetes"))
    throw new NotAvailable(
      `A fault of the unit ${unit}`,
      "the replicas of this stand are pods (kill-pod, rolling-restart)",
    );
  await mustHold(machine, `systemctl is-active --quiet ${unit}`, `${unit} does not run there`);
  return { by: "machine", slot: `unit-${unit.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`, ...scripts };
}

/**
 * Starts it. It does not wait until the unit is ready: etcd counts as started only when it has found the others, which may wait for their own start.
 * What was reset after too many failures starts, too.
 */
const startUnit = (unit: string): string =>
  `systemctl reset-failed ${unit} 2>/dev/null; systemctl start --no-block ${unit}`;

/** Succeeds when it runs or starts. */
const unitStarts = (unit: string): string =>
  `n=0; until case $(systemctl is-active ${unit}) in active|activating|reloading) : ;; *) false ;; esac; do n=$((n + 1)); [ $n -lt 10 ] || exit 1; sleep 0.5; done`;

/** It does not start again by itself. */
export const stopUnit = unitFault("stop-unit", "stops a service cleanly (systemctl stop)", "stopped", (unit) => ({
  inject: `systemctl stop ${unit}`,
  undo: startUnit(unit),
  gone: unitStarts(unit),
}));

const RESTARTS = "restarts a service cleanly (systemctl restart)";
export const restartUnit = unitFault("restart-unit", RESTARTS, "restarted", (unit) => ({
  inject: `systemctl restart --no-block ${unit}`,
  undo: startUnit(unit),
  gone: unitStarts(unit),
  mayEndEarly: true,
}));

const FREEZES = "freezes a service (SIGSTOP): connections stay open, nothing answers";
export const freezeUnit = unitFault("freeze-unit", FREEZES, "frozen", (unit) => ({
  inject: `systemctl kill --signal=STOP ${unit}`,
  undo: `systemctl kill --signal=CONT ${unit} 2>/dev/null || :`,
  gone: `for process in /proc/[0-9]*; do grep -qs '^State:.T' $process/status && grep -qs '/${unit.replaceAll(".", "\\.")}\\.service' $process/cgroup && exit 1; done; :`,
}));

export const killUnit = faultKind({
  form: form("kill-unit", {
    unit,
    staysDead: z.boolean().default(false).describe("systemd does not start it again"),
  }),
  about: "kills a service (SIGKILL); systemd starts it again as its unit defines; with staysDead it does not",
  describe: ({ unit, staysDead }) => `${unit} is killed${staysDead ? " and stays dead" : ""}`,
  prepare({ unit, staysDead }, machine) {
    // In /run: gone after a boot at the latest.
    const folder = `/run/systemd/system/${unit}.service.d`;
    const file = `${folder}/${FILE_MARK}.conf`;
    const stayDead = `mkdir -p ${folder} && printf '[Service]\\nRestart=no\\n' >${file} && systemctl daemon-reload && `;
    return unitReady(machine, unit, {
      inject: `${staysDead ? stayDead : ""}systemctl kill --signal=KILL ${unit}`,
      undo: `if [ -e ${file} ]; then rm -f ${file}; rmdir ${folder} 2>/dev/null; systemctl daemon-reload; fi; ${startUnit(unit)}`,
      gone: `[ ! -e ${file} ] || exit 1; ${unitStarts(unit)}`,
    });
  },
});
