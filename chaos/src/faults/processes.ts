import { OPERATOR, processIdOf } from "@goldenring/stand";
import * as z from "zod";
import { type FaultKind, mustHold, notAvailable, on } from "./fault.ts";

const killForm = z.object({
  fault: z.literal("kill-process"),
  on,
  /** Its first line is the process number; may have wildcards, and the first file that fits counts. */
  pidFile: z.string().regex(/^\/[A-Za-z0-9/._*?-]+$/, "is no absolute path of a file"),
});

/** Its supervisor is left alive and starts it again, so there is nothing to undo. */
export const killProcess: FaultKind<typeof killForm> = {
  form: killForm,
  about: "kills one process (SIGKILL) whose number is in a file, such as PostgreSQL's under Patroni",
  describe: ({ pidFile }) => `the process of ${pidFile} is killed`,
  async prepare({ pidFile }, machine) {
    const found = `pid=$(head -qn 1 ${pidFile} | head -n 1) && [ "$pid" -gt 1 ] && kill`;
    await mustHold(machine, `${found} -0 "$pid"`, `there is no running process of ${pidFile}`);
    return { by: "machine", slot: "process", inject: `${found} -KILL "$pid"`, undo: ":", gone: ":", momentary: true };
  },
};

const guardianForm = z.object({ fault: z.literal("freeze-guardian"), on: z.literal(OPERATOR).default(OPERATOR) });

/** As if there were no guardian: shows what the stand does without fencing. */
export const freezeGuardian: FaultKind<typeof guardianForm> = {
  form: guardianForm,
  about: "freezes the guardian (SIGSTOP), so that nobody fences",
  describe: () => "the guardian is frozen",
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
