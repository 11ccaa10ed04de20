import * as z from "zod";
import type { FaultKind } from "./fault.ts";
import { on, unit } from "./forms.ts";
import { slotOf } from "./stop-unit.ts";
import { mustRun } from "./units.ts";

const form = z.object({ fault: z.literal("freeze-unit"), on, unit });

/** SIGSTOP of all processes of a service: its connections stay open, and nothing answers. */
export const freezeUnit: FaultKind<typeof form> = {
  form,
  about: "freezes a service (SIGSTOP): connections stay open, nothing answers",
  words: ({ unit }) => `${unit} is frozen`,
  async prepare({ unit }, machine) {
    await mustRun(machine, unit);
    const ofUnit = `/${unit.replaceAll(".", "\\.")}\\.service`;
    return {
      by: "machine",
      slot: `unit-${slotOf(unit)}`,
      inject: `systemctl kill --signal=STOP ${unit}`,
      undo: `systemctl kill --signal=CONT ${unit} 2>/dev/null || :`,
      gone: `for process in /proc/[0-9]*; do grep -qs '^State:.T' $process/status && grep -qs '${ofUnit}' $process/cgroup && exit 1; done; :`,
    };
  },
};
