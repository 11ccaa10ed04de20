import * as z from "zod";
import { type FaultKind, mustHave, mustHold } from "./fault.ts";
import { on, percent } from "./forms.ts";
import { stress } from "./stress.ts";

const form = z.object({
  fault: z.literal("memory"),
  on,
  /** So much of it is in use then, what was before included. */
  percent: percent.max(95, "more than 95 % calls the kernel's OOM killer"),
});

/** Memory is taken until so much of it is in use, and held. */
export const memory: FaultKind<typeof form> = {
  form,
  about: "takes memory of a machine until so much is in use, and holds it (stress-ng)",
  words: ({ percent }) => `${percent} % of its memory is in use`,
  async prepare({ percent }, machine) {
    await mustHave(machine, "stress-ng");
    const figures = `set -- $(awk '/^MemTotal:/ { total = $2 } /^MemAvailable:/ { free = $2 } END { print total, free }' /proc/meminfo); fill=$(($2 - $1 * ${100 - percent} / 100))`;
    await mustHold(machine, `${figures}; [ "$fill" -gt 0 ]`, `${percent} % of its memory is in use already`);
    return stress("memory", '--vm 1 --vm-bytes "$fill"k --vm-keep --vm-populate --vm-hang 0', { before: figures });
  },
};
