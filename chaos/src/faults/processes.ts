import { OPERATOR, processIdOf } from "@goldenring/stand";
import * as z from "zod";
import { faultKind, form, mustHold, notAvailable } from "./fault.ts";

const pathPattern = z.string().regex(/^(?!.*\/\.\.)\/[A-Za-z0-9/._*?-]+$/, "is no absolute path of a file");

/** Its supervisor is left alive and starts it again, so there is nothing to undo. */
export const killProcess = faultKind({
  form: form("kill-process", {
    /** Its first line is the process number; may have wildcards, and the first file that fits counts. */
    pidFile: pathPattern,
  }),
  about: "kills the process (SIGKILL) whose number is in a file, such as PostgreSQL under Patroni",
  describe: ({ pidFile }) => `the process of ${pidFile} is killed`,
  async prepare({ pidFile }, machine) {
    const found = `pid=$(head -qn 1 ${pidFile} | head -n 1) && [ "$pid" -gt 1 ] && kill`;
    await mustHold(machine, `${found} -0 "$pid"`, `there is no running process of ${pidFile}`);
    return { by: "machine", slot: "process", inject: `${found} -KILL "$pid"`, undo: ":", gone: ":", momentary: true };
  },
});

/** A program cannot be started: /bin/false is mounted over it, until the next boot. Running processes are not stopped. */
export const preventStart = faultKind({
  form: form("prevent-start", {
    /** May have wildcards: every file that fits. */
    program: pathPattern,
  }),
  about: "prevents a program from starting; running processes are not stopped",
  describe: ({ program }) => `${program} cannot be started`,
  async prepare({ program }, machine) {
    const each = (script: string): string => `for program in ${program}; do ${script}; done`;
    await mustHold(machine, each('[ -x "$program" ] || exit 1'), `there is no program ${program}`);
    return {
      by: "machine",
      slot: "prevent-start",
      inject: each('mount --bind /bin/false "$program" || exit 1'),
      undo: each('while mountpoint -q "$program"; do umount "$program" || exit 1; done'),
      gone: each('! mountpoint -q "$program" || exit 1'),
    };
  },
});

/** As if there were no guardian: shows what the stand does without fencing. */
export const freezeGuardian = faultKind({
  form: z.object({ fault: z.literal("freeze-guardian"), on: z.literal(OPERATOR).default(OPERATOR) }),
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
});
