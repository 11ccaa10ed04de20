import * as z from "zod";
import type { FaultKind } from "./fault.ts";
import { labOf } from "./fault.ts";
import { on } from "./forms.ts";

const form = z.object({ fault: z.literal("power-off"), on });

/** The power is taken: no goodbye on the network. Undone by giving it back. */
export const powerOff: FaultKind<typeof form> = {
  form,
  about: "takes a machine's power, without a goodbye (only where the machine's host is at hand: the lab)",
  words: () => "loses its power",
  async prepare(_, __, site) {
    labOf(site, "Taking the power");
    return { by: "lab", slot: "power", inject: { do: "power-off" }, undo: { do: "power-on" } };
  },
};
