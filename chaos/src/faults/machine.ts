import { faultKind, form, NotAvailable } from "./fault.ts";

/** No closing packet is sent. The undo turns the power on. */
export const powerOff = faultKind({
  form: form("power-off", {}),
  about: "cuts a machine's power, without a shutdown (only in the lab)",
  describe: () => "loses its power",
  async prepare(_, __, { stand }) {
    if (!stand.lab) throw new NotAvailable("Taking the power", "it needs the host of the machine");
    return { by: "lab", slot: "power", inject: { do: "power-off" }, undo: { do: "power-on" } };
  },
});

export const reboot = faultKind({
  form: form("reboot", {}),
  about: "restarts a machine with a shutdown (systemctl reboot)",
  describe: () => "is rebooted",
  // Detached, so that the answer still gets out. It is undone when the machine answers again and does not shut down.
  prepare: async () => ({
    by: "machine",
    slot: "power",
    inject: "setsid -f sh -c 'sleep 0.2; systemctl reboot' </dev/null >/dev/null 2>&1",
    undo: "sleep 1",
    gone: '[ "$(systemctl is-system-running)" != stopping ]',
    mayEndEarly: true,
  }),
});
