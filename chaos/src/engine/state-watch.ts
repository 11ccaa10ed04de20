import { setTimeout as delay } from "node:timers/promises";
import { byRole, type Stand, serversIn } from "@goldenring/stand";
import { monotonicMs } from "../clock.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { StateSpan } from "../run/record.ts";
import { addSpan } from "./round-record.ts";

const POLL_EVERY_MS = 1_000;
/** A machine that does not answer by then is silent. */
const ANSWER_DEADLINE_MS = 2_500;

type States = readonly (readonly [what: string, state: string])[];

const SERVERS = {
  question: "echo 'show stat' | socat -t 3 - UNIX-CONNECT:/run/haproxy/admin.sock",
  read: (csv: string): States =>
    serversIn(csv).map(({ listener, server, state }) => [`${listener}/${server}`, state] as const),
};
const ETCD = {
  // Plain HTTP on the machine, by the shell alone: cheap enough for every second.
  question: `bash -c 'exec 3<>/dev/tcp/127.0.0.1/2381 && printf "GET /health HTTP/1.0\\r\\n\\r\\n" >&3 && timeout 2 cat <&3' 2>/dev/null`,
  read: (answer: string): States => [["etcd", /"health"\s*:\s*"true"/.test(answer) ? "healthy" : "unhealthy"]],
};
const WATCHED = [
  { role: "haproxy", by: "haproxy", ...SERVERS },
  { role: "ingress", by: "haproxy", ...SERVERS },
  { role: "etcd", by: "etcd", ...ETCD },
] as const;

/** Polls HAProxy's servers and etcd's health every second, on its own connections. @returns how to stop it, which gives what it has seen */
export function watchStates(stand: Stand, watch: Experiment["watch"], from: number) {
  const spans = new Map<string, StateSpan[]>();
  const over = new AbortController();
  const own = stand.again();
  const watched = WATCHED.filter(({ by }) => watch[by]).flatMap((each) =>
    byRole(own, each.role).map((machine) => ({ ...each, machine })),
  );
  const polls = watched.map(async ({ machine: { name: machine, run }, question, read }) => {
    while (!over.signal.aborted) {
      const at = Math.round(monotonicMs() - from);
      const { code, stdout } = await run(question, { deadlineMs: ANSWER_DEADLINE_MS });
      // Of a silent machine: everything that it has reported on.
      const known = [...spans.values()].flatMap(([span]) => (span?.machine === machine ? [span.what] : []));
      const states: States = code === 0 ? read(stdout) : known.map((what) => [what, "silent"]);
      for (const [what, state] of states) {
        const next = { machine, what, state, from: at, to: at };
        addSpan(spans, `${machine} ${what}`, next, (last) => last.state === state);
      }
      await delay(POLL_EVERY_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  });
  const done = Promise.all(polls).finally(() => own.disconnect());
  return async (): Promise<readonly StateSpan[]> => {
    over.abort();
    await done;
    return [...spans.values()].flat();
  };
}
