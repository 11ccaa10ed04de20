import { OPERATOR, processIdOf } from "@goldenring/stand";
import * as z from "zod";
import { faultKind, form, mustHave, mustHold, NotAvailable } from "./fault.ts";

const pathPattern = z.string().regex(/^(?!.*\/\.\.)\/[A-Za-z0-9/._*?-]+$/, "is no absolute path of a file");

/** Its supervisor is left alive and starts it again, so there is nothing to undo. */
export const killProcess = faultKind({
  form: form("kill-process", {
    pidFile: pathPattern.describe(
      "Its first line is the process number; may have wildcards, and the first file that fits counts",
    ),
  }),
  about: "kills the process (SIGKILL) whose number is in a file, such as PostgreSQL under Patroni",
  describe: ({ pidFile }) => `the process of ${pidFile} is killed`,
  async prepare({ pidFile }, machine) {
    const found = `pid=$(head -qn 1 ${pidFile} | head -n 1) && [ "$pid" -gt 1 ] && kill`;
    await mustHold(machine, `${found} -0 "$pid"`, `there is no running process of ${pidFile}`);
    return { by: "machine", slot: "process", inject: `${found} -KILL "$pid"`, undo: ":", gone: ":", mayEndEarly: true };
  },
});

/** A program cannot be started: /bin/false is mounted over it, until the next boot. Running processes are not stopped. */
export const preventStart = faultKind({
  form: form("prevent-start", {
    program: pathPattern.describe("May have wildcards: every file that fits"),
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

/** Command lines, as regular expressions for pgrep. PostgreSQL writes into those of its children what they are, after the cluster's name. */
const POSTGRES = {
  postmaster: "^[^ ]*/postgres ",
  walwriter: "^postgres: (.*: )?walwriter",
  checkpointer: "^postgres: (.*: )?checkpointer",
  walsender: "^postgres: (.*: )?walsender ",
  all: "^([^ ]*/postgres |postgres: )",
} as const;
type PostgresProcess = keyof typeof POSTGRES;

/** Patroni runs on, and connections stay open. A frozen process can still be killed. */
export const freezeProcess = faultKind({
  form: form("freeze-process", { process: z.enum(Object.keys(POSTGRES) as [PostgresProcess, ...PostgresProcess[]]) }),
  about: "freezes a process of PostgreSQL (SIGSTOP): postmaster, walwriter, checkpointer, walsender, or all",
  describe: ({ process }) => `${process === "all" ? "every process" : `the ${process}`} of PostgreSQL is frozen`,
  async prepare({ process }, machine) {
    // Looked for anew each time: by the time of the undo a number may belong to another process.
    const find = `pgrep -f '${POSTGRES[process]}'`;
    await mustHave(machine, "pgrep");
    await mustHold(machine, `${find} >/dev/null`, `no such process of PostgreSQL (${process}) runs there`);
    const each = (state: string, otherwise: string): string =>
      `for pid in $(${find}); do ${state} grep -qs '^State:.T' /proc/$pid/status || ${otherwise}; done`;
    return {
      by: "machine",
      slot: "process",
      // When all that it found have stopped, nobody is left to start others.
      inject: `pids=$(${find}); kill -STOP $pids; n=0; until ( ${each("", "{ kill -STOP $pid; exit 1; }")} ); do n=$((n + 1)); [ $n -lt 30 ] || exit 1; sleep 0.1; done`,
      undo: `kill -CONT $(${find}) 2>/dev/null; :`,
      gone: each("!", "exit 1"),
      mayEndEarly: true,
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
    const id = guardian === undefined ? undefined : processIdOf(guardian.pid);
    if (id === undefined) throw new NotAvailable("Freezing the guardian", "none runs");
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
