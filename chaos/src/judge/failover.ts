import type { Failover } from "../run/record.ts";
import type { Evidence } from "./evidence.ts";

/** A line of a journal, or a decision of the guardian. */
export interface Happened {
  /** Undefined: not on a machine of the stand. */
  readonly machine?: string;
  /** ms of the shared clock. */
  readonly at: number;
  readonly text: string;
}

/** The lines of the units patroni and haproxy that `failoverIn` looks for; patterns of grep -E, too. */
export const LINES = {
  hasKey: /by acquiring session lock|because I had the session lock/,
  acceptsWrites: /is ready to accept connections/,
  // Patroni asks the other members when nobody has the leader key.
  findsNoLeader: /Got response from|Request failed to/,
  balanced: /Server master.([^ ]+) is UP/,
} as const;
const DECIDED = /^(?:is off|fencing|switching over)$/;

/** What the first failover after the first fault was made of. Undefined: there was none, or its steps were not seen. */
export function failoverIn(
  { history: { writes }, stages, from }: Pick<Evidence, "history" | "stages" | "from">,
  happened: readonly Happened[],
): Failover | undefined {
  const faultAt = from + Math.min(...stages.flatMap(({ faults }) => faults.map(({ at }) => at)));
  const after = (atLeast: number, line: RegExp, on?: string): Happened | undefined =>
    happened.find(({ at, machine, text }) => at >= atLeast && line.test(text) && (on === undefined || machine === on));
  const taken = after(faultAt, LINES.hasKey);
  const ready = taken && after(taken.at, LINES.acceptsWrites, taken.machine);
  if (taken?.machine === undefined || ready === undefined) return undefined;
  const acknowledged = writes.filter(({ outcome }) => outcome === "ok").map(({ end }) => end);
  const lastAt = Math.max(...acknowledged.filter((end) => end <= taken.at));
  const firstAt = Math.min(...acknowledged.filter((end) => end >= ready.at));
  if (!Number.isFinite(lastAt) || !Number.isFinite(firstAt)) return undefined;
  const noticed = [after(lastAt, LINES.findsNoLeader, taken.machine), after(lastAt, DECIDED)];
  const noticedAt = Math.min(...noticed.flatMap((each) => (each && each.at <= taken.at ? each.at : [])));
  const isNoticed = Number.isFinite(noticedAt);
  const balancedAt = happened.find(
    ({ at, text }) => at >= taken.at && LINES.balanced.exec(text)?.[1] === taken.machine,
  )?.at;
  const between = (begin: number, end: number): number => Math.round(Math.max(0, end - begin));
  return {
    detection: isNoticed ? between(lastAt, noticedAt) : null,
    key: between(isNoticed ? noticedAt : lastAt, taken.at),
    promotion: between(taken.at, ready.at),
    haproxy: balancedAt === undefined ? null : between(ready.at, balancedAt),
    search: between(ready.at, firstAt),
  };
}
