import * as z from "zod";
import type { FaultKind } from "./fault.ts";
import { on } from "./forms.ts";

const form = z.object({ fault: z.literal("reboot"), on });

/** A planned restart of a machine: its services are stopped in order. */
export const reboot: FaultKind<typeof form> = {
  form,
  about: "restarts a machine in order (systemctl reboot)",
  words: () => "is rebooted",
  // Detached, so that the answer still gets out. Undone is it when the machine answers again, and does not shut down any more.
  prepare: async () => ({
    by: "machine",
    slot: "power",
    inject: "setsid -f sh -c 'sleep 0.2; systemctl reboot' </dev/null >/dev/null 2>&1",
    undo: "sleep 1",
    gone: '[ "$(systemctl is-system-running)" != stopping ]',
    momentary: true,
  }),
};
