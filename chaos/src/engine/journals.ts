import { byRole, type Stand } from "@goldenring/stand";
import { type Evidence, newPrimaryAfterFault } from "../judge/evidence.ts";
import { failoverIn, type Happened, LINES } from "../judge/failover.ts";
import type { Failover } from "../run/record.ts";

const DEADLINE_MS = 10_000;

/** From the journals of the machines, when the round is over: to watch them would take CPU time from what is measured. @param startedAt of the round */
export async function readFailover(
  stand: Pick<Stand, "machines" | "guardian">,
  evidence: Pick<Evidence, "history" | "stages" | "samples" | "from">,
  startedAt: Date,
): Promise<Failover | undefined> {
  if (newPrimaryAfterFault(evidence) === undefined) return undefined;
  const atOf = (wallClockMs: number): number => evidence.from + wallClockMs - startedAt.getTime();
  const wanted = Object.values(LINES).map(({ source }) => source);
  const since = Math.floor(startedAt.getTime() / 1_000);
  const question = `journalctl --quiet --no-pager --output=short-unix --unit=patroni --unit=haproxy --since=@${since} | grep -E '${wanted.join("|")}'`;
  const machines = ["postgres", "haproxy"] as const;
  const lines = await Promise.all(
    machines
      .flatMap((role) => byRole(stand, role))
      .map(async ({ name: machine, run }): Promise<Happened[]> => {
        const { stdout } = await run(question, { deadlineMs: DEADLINE_MS });
        return [...stdout.matchAll(/^(\d+\.\d+) (.+)$/gm)].map(([, at, text = ""]) => {
          return { machine, at: atOf(Number(at) * 1_000), text };
        });
      }),
  );
  const decisions = (stand.guardian()?.newest ?? []).map(({ time, event }) => ({
    at: atOf(Date.parse(time)),
    text: event,
  }));
  return failoverIn(
    evidence,
    [...lines.flat(), ...decisions].toSorted((one, other) => one.at - other.at),
  );
}
