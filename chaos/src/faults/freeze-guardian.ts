import { readFileSync } from "node:fs";
import { OPERATOR } from "@goldenring/stand";
import * as z from "zod";
import { startTimeOf } from "../run/processes.ts";
import { type FaultKind, notAvailable } from "./fault.ts";

const form = z.object({ fault: z.literal("freeze-guardian"), on: z.literal(OPERATOR).default(OPERATOR) });

/** The guardian stands still and sees nothing, as if there were none: what the stand does without fencing. */
export const freezeGuardian: FaultKind<typeof form> = {
  form,
  about: "freezes the guardian (SIGSTOP), so that nobody fences",
  words: () => "the guardian is frozen",
  async prepare(_, __, { stand }) {
    const pid = stand.guardian();
    if (pid === undefined) throw notAvailable("Freezing the guardian", "none runs");
    const startedAt = startTimeOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
    // The number may belong to another process by the time of the undo.
    const isStill = `[ "$(sed 's/.*) //' /proc/${pid}/stat 2>/dev/null | cut -d ' ' -f 20)" = ${startedAt} ]`;
    return {
      by: "machine",
      slot: "guardian",
      inject: `${isStill} && kill -STOP ${pid}`,
      undo: `! ${isStill} || kill -CONT ${pid}`,
      gone: `! ${isStill} || ! grep -qs '^State:.T' /proc/${pid}/status`,
    };
  },
};
