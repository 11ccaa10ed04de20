import * as z from "zod";
import type { FaultKind } from "./fault.ts";
import { on, unit } from "./forms.ts";
import { mustRun, startUnit, unitStarts } from "./units.ts";

const form = z.object({ fault: z.literal("stop-unit"), on, unit });

/** A service is stopped in order, and does not come back by itself. */
export const stopUnit: FaultKind<typeof form> = {
  form,
  about: "stops a service in order (systemctl stop)",
  words: ({ unit }) => `${unit} is stopped`,
  async prepare({ unit }, machine) {
    await mustRun(machine, unit);
    return {
      by: "machine",
      slot: `unit-${slotOf(unit)}`,
      inject: `systemctl stop ${unit}`,
      undo: startUnit(unit),
      gone: unitStarts(unit),
    };
  },
};

/** A unit's name as a part of file and unit names. */
export function slotOf(unit: string): string {
  return unit.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
