import * as z from "zod";
import { type FaultKind, notAvailable, on } from "./fault.ts";

const powerOffForm = z.object({ fault: z.literal("power-off"), on });

/** Without a goodbye on the network. Undone by giving the power back. */
export const powerOff: FaultKind<typeof powerOffForm> = {
  form: powerOffForm,
  about: "takes a machine's power, without a goodbye (only in the lab: it needs the machine's host)",
  describe: () => "loses its power",
  async prepare(_, __, { stand }) {
    if (!stand.lab) throw notAvailable("Taking the power", "it needs the host of the machine");
    return { by: "lab", slot: "power", inject: { do: "power-off" }, undo: { do: "power-on" } };
  },
};

const rebootForm = z.object({ fault: z.literal("reboot"), on });

/** Its services are stopped in order. */
export const reboot: FaultKind<typeof rebootForm> = {
  form: rebootForm,
  about: "restarts a machine in order (systemctl reboot)",
  describe: () => "is rebooted",
  // Detached, so that the answer still gets out. It is undone when the machine answers again and does not shut down.
  prepare: async () => ({
    by: "machine",
    slot: "power",
    inject: "setsid -f sh -c 'sleep 0.2; systemctl reboot' </dev/null >/dev/null 2>&1",
    undo: "sleep 1",
    gone: '[ "$(systemctl is-system-running)" != stopping ]',
    momentary: true,
  }),
};
