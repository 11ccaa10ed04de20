import * as z from "zod";
import { type FaultKind, mustHave } from "./fault.ts";
import { on, percent } from "./forms.ts";
import { stress } from "./stress.ts";

const form = z.object({ fault: z.literal("cpu"), on, percent });

/** Every CPU of a machine is busy. */
export const cpu: FaultKind<typeof form> = {
  form,
  about: "keeps every CPU of a machine busy (stress-ng)",
  words: ({ percent }) => `its CPUs are ${percent} % busy`,
  async prepare({ percent }, machine) {
    await mustHave(machine, "stress-ng");
    return stress("cpu", `--cpu "$(nproc)" --cpu-load ${percent}`);
  },
};
