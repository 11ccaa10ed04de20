import { OPERATOR, processIdOf } from "@goldenring/stand";
import * as z from "zod";
import { type FaultKind, notAvailable } from "./fault.ts";

const form = z.object({ fault: z.literal("freeze-guardian"), on: z.literal(OPERATOR).default(OPERATOR) });

/** The guardian stands still and sees nothing, as if there were none: what the stand does without fencing. */
export const freezeGuardian: FaultKind<typeof form> = {
  form,
  about: "freezes the guardian (SIGSTOP), so that nobody fences",
  words: () => "the guardian is frozen",
  async prepare(_, __, { stand }) {
    const guardian = stand.guardian();
    const id = guardian === undefined ? undefined : processIdOf(guardian);
    if (id === undefined) throw notAvailable("Freezing the guardian", "none runs");
    const { pid, startTicks, bootId } = id;
    // By the time of the undo the number may belong to another process, also after a reboot.
    const isStill = `[ "$(cat /proc/sys/kernel/random/boot_id) $(sed 's/.*) //' /proc/${pid}/stat 2>/dev/null | cut -d ' ' -f 20)" = "${bootId} ${startTicks}" ]`;
    return {
      by: "machine",
      slot: "guardian",
      inject: `${isStill} && kill -STOP ${pid}`,
      undo: `! ${isStill} || kill -CONT ${pid}`,
      gone: `! ${isStill} || ! grep -qs '^State:.T' /proc/${pid}/status`,
    };
  },
};
