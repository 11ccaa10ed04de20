import * as z from "zod";
import { type FaultKind, mustHold } from "./fault.ts";
import { on } from "./forms.ts";

const form = z.object({
  fault: z.literal("kill-process"),
  on,
  /** Its first line is the process number; may have wildcards, and the first file that fits counts. */
  pidFile: z.string().regex(/^\/[A-Za-z0-9/._*?-]+$/, "is no absolute path of a file"),
});

/** SIGKILL of one process whose number stands in a file, such as PostgreSQL's; its supervisor is left alive and starts it again. */
export const killProcess: FaultKind<typeof form> = {
  form,
  about: "kills one process (SIGKILL) whose number stands in a file, such as PostgreSQL's under Patroni",
  words: ({ pidFile }) => `the process of ${pidFile} is killed`,
  async prepare({ pidFile }, machine) {
    const found = `pid=$(head -qn 1 ${pidFile} | head -n 1) && [ "$pid" -gt 1 ] && kill`;
    await mustHold(machine, `${found} -0 "$pid"`, `there is no running process of ${pidFile}`);
    // What starts it again is its supervisor; there is nothing to undo.
    return { by: "machine", slot: "process", inject: `${found} -KILL "$pid"`, undo: ":", gone: ":", momentary: true };
  },
};
