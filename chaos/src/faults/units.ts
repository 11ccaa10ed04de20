import * as z from "zod";
import { type FaultKind, FILE_MARK, type MachineFault, mustHold, on } from "./fault.ts";

/** A service of systemd, with or without `.service`. */
const unit = z
  .string()
  .regex(/^[A-Za-z0-9@._-]+$/, "is no name of a unit")
  .transform((name) => name.replace(/\.service$/, ""));

interface UnitUse {
  readonly unit: string;
}

/** A fault of one service; what does not run is refused, because stopping it would show nothing. */
function unitFault<Form extends z.ZodObject>(
  form: Form,
  kind: Pick<FaultKind<Form>, "about" | "describe"> & {
    scripts(use: z.infer<Form>, unit: string): Pick<MachineFault, "inject" | "undo" | "gone" | "momentary">;
  },
): FaultKind<Form> {
  return {
    form,
    about: kind.about,
    describe: kind.describe,
    async prepare(use, machine) {
      const { unit } = use as UnitUse;
      await mustHold(machine, `systemctl is-active --quiet ${unit}`, `${unit} does not run there`);
      const slot = `unit-${unit.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
      return { by: "machine", slot, ...kind.scripts(use, unit) };
    },
  };
}

/**
 * Starts it. Nobody waits until it is ready: etcd says that it is started when it has found the others, which may wait for their own start.
 * What was reset after too many failures starts, too.
 */
const startUnit = (unit: string): string =>
  `systemctl reset-failed ${unit} 2>/dev/null; systemctl start --no-block ${unit}`;

/** Succeeds when it runs or starts. */
const unitStarts = (unit: string): string =>
  `n=0; until case $(systemctl is-active ${unit}) in active|activating|reloading) : ;; *) false ;; esac; do n=$((n + 1)); [ $n -lt 10 ] || exit 1; sleep 0.5; done`;

/** It does not start again by itself. */
export const stopUnit = unitFault(z.object({ fault: z.literal("stop-unit"), on, unit }), {
  about: "stops a service in order (systemctl stop)",
  describe: ({ unit }) => `${unit} is stopped`,
  scripts: (_, unit) => ({ inject: `systemctl stop ${unit}`, undo: startUnit(unit), gone: unitStarts(unit) }),
});

/** One step of a rolling restart. */
export const restartUnit = unitFault(z.object({ fault: z.literal("restart-unit"), on, unit }), {
  about: "restarts a service in order (systemctl restart)",
  describe: ({ unit }) => `${unit} is restarted`,
  scripts: (_, unit) => ({
    inject: `systemctl restart --no-block ${unit}`,
    undo: startUnit(unit),
    gone: unitStarts(unit),
    momentary: true,
  }),
});

/** SIGSTOP of all processes of a service. */
export const freezeUnit = unitFault(z.object({ fault: z.literal("freeze-unit"), on, unit }), {
  about: "freezes a service (SIGSTOP): connections stay open, nothing answers",
  describe: ({ unit }) => `${unit} is frozen`,
  scripts: (_, unit) => ({
    inject: `systemctl kill --signal=STOP ${unit}`,
    undo: `systemctl kill --signal=CONT ${unit} 2>/dev/null || :`,
    gone: `for process in /proc/[0-9]*; do grep -qs '^State:.T' $process/status && grep -qs '/${unit.replaceAll(".", "\\.")}\\.service' $process/cgroup && exit 1; done; :`,
  }),
});

/** SIGKILL of all processes of a service. */
export const killUnit = unitFault(
  z.object({
    fault: z.literal("kill-unit"),
    on,
    unit,
    /** Its manager does not start it again. */
    staysDead: z.boolean().default(false),
  }),
  {
    about: "kills a service (SIGKILL); systemd starts it again as its unit says, unless it is to stay dead",
    describe: ({ unit, staysDead }) => `${unit} is killed${staysDead ? " and stays dead" : ""}`,
    scripts({ staysDead }, unit) {
      // In /run: gone after a boot at the latest.
      const folder = `/run/systemd/system/${unit}.service.d`;
      const file = `${folder}/${FILE_MARK}.conf`;
      const stayDead = `mkdir -p ${folder} && printf '[Service]\\nRestart=no\\n' >${file} && systemctl daemon-reload && `;
      return {
        inject: `${staysDead ? stayDead : ""}systemctl kill --signal=KILL ${unit}`,
        undo: `if [ -e ${file} ]; then rm -f ${file}; rmdir ${folder} 2>/dev/null; systemctl daemon-reload; fi; ${startUnit(unit)}`,
        gone: `[ ! -e ${file} ] || exit 1; ${unitStarts(unit)}`,
      };
    },
  },
);
