import * as z from "zod";
import type { FaultKind } from "./fault.ts";
import { on, unit } from "./forms.ts";
import { slotOf } from "./stop-unit.ts";
import { mustRun, startUnit, unitStarts } from "./units.ts";

const form = z.object({ fault: z.literal("restart-unit"), on, unit });

/** A service is restarted in order: one step of a rolling restart. */
export const restartUnit: FaultKind<typeof form> = {
  form,
  about: "restarts a service in order (systemctl restart)",
  words: ({ unit }) => `${unit} is restarted`,
  async prepare({ unit }, machine) {
    await mustRun(machine, unit);
    return {
      by: "machine",
      slot: `unit-${slotOf(unit)}`,
      inject: `systemctl restart --no-block ${unit}`,
      undo: startUnit(unit),
      gone: unitStarts(unit),
      momentary: true,
    };
  },
};
