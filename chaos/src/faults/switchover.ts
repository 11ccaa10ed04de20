import * as z from "zod";
import { type FaultKind, on } from "./fault.ts";

const form = z.object({ fault: z.literal("switchover"), on: on.default("primary"), to: on.default("replica") });

/** A planned change of the primary. There is nothing to undo: the former primary follows. */
export const switchover: FaultKind<typeof form> = {
  form,
  about: "makes another machine the primary, as an operator does (patronictl switchover)",
  describe: () => "hands over to the replica",
  async prepare({ to }, machine, site) {
    const [candidate] = site.resolve(to);
    return {
      by: "machine",
      slot: "switchover",
      inject: `patronictl switchover --leader ${machine.name} --candidate ${candidate} --force`,
      undo: ":",
      gone: ":",
      momentary: true,
    };
  },
};
