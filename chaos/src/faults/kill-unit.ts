import * as z from "zod";
import { MARK } from "../undo/guard.ts";
import type { FaultKind } from "./fault.ts";
import { on, unit } from "./forms.ts";
import { slotOf } from "./stop-unit.ts";
import { mustRun, startUnit, unitStarts } from "./units.ts";

const form = z.object({
  fault: z.literal("kill-unit"),
  on,
  unit,
  /** Its manager does not start it again. */
  staysDead: z.boolean().default(false),
});

/** SIGKILL of all processes of a service. */
export const killUnit: FaultKind<typeof form> = {
  form,
  about: "kills a service (SIGKILL); systemd starts it again as its unit says, unless it is to stay dead",
  words: ({ unit, staysDead }) => `${unit} is killed${staysDead ? " and stays dead" : ""}`,
  async prepare({ unit, staysDead }, machine) {
    await mustRun(machine, unit);
    // In /run: gone after a boot at the latest.
    const folder = `/run/systemd/system/${unit}.service.d`;
    const file = `${folder}/${MARK}.conf`;
    const stayDead = `mkdir -p ${folder} && printf '[Service]\\nRestart=no\\n' >${file} && systemctl daemon-reload && `;
    return {
      by: "machine",
      slot: `unit-${slotOf(unit)}`,
      inject: `${staysDead ? stayDead : ""}systemctl kill --signal=KILL ${unit}`,
      undo: `if [ -e ${file} ]; then rm -f ${file}; rmdir ${folder} 2>/dev/null; systemctl daemon-reload; fi; ${startUnit(unit)}`,
      gone: `[ ! -e ${file} ] || exit 1; ${unitStarts(unit)}`,
    };
  },
};
