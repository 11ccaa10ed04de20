import { mkdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  checkHistory,
  judgeRoles,
  monotonicMs,
  newRunName,
  type RequestFigures,
  readHistory,
  readRoleSamples,
  summarize,
  timeToNewPrimary,
  type Violation,
} from "../chaos/src/index.ts";
import type { Fault, Site } from "./fault.ts";
import { type Observers, startObservers } from "./observers.ts";
import { type Stand, until } from "./stand.ts";
import { type Roles, steadiness } from "./steady.ts";
import { forgetRun, storedOnBoth } from "./stored.ts";

/** Undisturbed load before the fault and after the recovery, ms. */
const LEAD_IN_MS = 4_000;
const LEAD_OUT_MS = 2_000;
/** A machine boots, rejoins, maybe rewinds and copies: what takes longer needs a person. */
const RECOVERY_MS = 180_000;

export interface RoundResult {
  readonly startedAt: string;
  readonly run: string;
  /** From the probe's first request to its last, the fault in between. */
  readonly reads: RequestFigures;
  readonly writes: RequestFigures;
  readonly recoveredWrites: number;
  readonly violations: readonly Violation[];
  /** Pairs of nodes that were primary at the same time. */
  readonly twoPrimaries: number;
  readonly primaryBefore: string;
  readonly primaryAfter: string;
  /** From the fault to the first answer of another primary (or of the same one on another timeline), ms. */
  readonly newPrimaryMs: number | undefined;
  /** From the end of the fault until everything was as before, ms. */
  readonly steadyAgainMs: number;
  /** Bars that this round missed, in words; empty: passed. */
  readonly misses: readonly string[];
}

export interface RoundContext {
  readonly stand: Stand;
  readonly fault: Fault;
  /** From 0. */
  readonly number: number;
  /** For the history and the samples; made here. */
  readonly folder: string;
  /** Ends the round early: the fault is undone and the round rejects. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Steady, load, fault, recovery, judgement. Whatever happens, the fault is undone and the observers have ended. */
export async function playRound(context: RoundContext): Promise<RoundResult> {
  const { stand, fault, folder, signal, say } = context;
  const before = await untilSteady(context);
  const startedAt = new Date().toISOString();
  const run = newRunName();
  mkdirSync(folder, { recursive: true });
  const observers = startObservers(stand, run, folder);
  try {
    await delay(LEAD_IN_MS, undefined, { signal });
    say(`fault: ${fault.about} (primary ${before.primary.name})`);
    const faultAt = monotonicMs();
    await inflict(context, before);
    const undoneAt = monotonicMs();
    stand.disconnect();
    const after = await untilSteady(context);
    const steadyAgainMs = monotonicMs() - undoneAt;
    await delay(LEAD_OUT_MS, undefined, { signal });
    await observers.stop();
    const judged = await judge(context, observers, { before, after, run, faultAt });
    if (judged.violations.length === 0) await forgetRun(stand, after, run);
    return { startedAt, run, steadyAgainMs, ...judged };
  } finally {
    observers.kill();
  }
}

async function inflict({ stand, fault, number, signal }: RoundContext, { primary, replica }: Roles): Promise<void> {
  const api = stand.withRoles("api");
  const site: Site = {
    stand,
    primary,
    replica,
    haproxy: first(stand.withRoles("haproxy"), "haproxy"),
    etcd: stand.withRoles("etcd"),
    api: api[number % api.length] ?? first(api, "api"),
    pause: (ms) => delay(ms, undefined, { signal }),
  };
  const wakeGuardian = fault.agent === "off" ? stand.pauseGuardian() : undefined;
  try {
    await fault.inject(site);
    await delay(fault.holdMs, undefined, { signal });
  } finally {
    await fault.undo(site).finally(() => wakeGuardian?.());
  }
}

interface Course {
  readonly before: Roles;
  readonly after: Roles;
  readonly run: string;
  readonly faultAt: number;
}

async function judge({ stand, fault, signal }: RoundContext, { historyFile, rolesFile }: Observers, course: Course) {
  const { before, after, run, faultAt } = course;
  const history = await readHistory(historyFile);
  const samples = await readRoleSamples(rolesFile);
  const verdict = checkHistory(history, await storedOnBoth(stand, after, run, signal));
  const { reads, writes } = summarize(history);
  const calm = summarize(history, { name: "before the fault", from: history.header.at, to: faultAt - 1_000 });
  const result = {
    reads,
    writes,
    recoveredWrites: verdict.recoveredWrites,
    violations: verdict.violations,
    twoPrimaries: judgeRoles(samples).twoPrimaries.length,
    primaryBefore: before.primary.name,
    primaryAfter: after.primary.name,
    newPrimaryMs: timeToNewPrimary(samples, faultAt),
  };
  const lead = [calm.reads, calm.writes];
  const uneasy = lead.some(({ count, ok, abandoned }) => ok + abandoned < count || count === 0);
  return {
    ...result,
    misses: [...(uneasy ? ["the service was not well before the fault"] : []), ...missesOf(fault, result)],
  };
}

/** Exported for its test: which bars a round's figures miss, in words. */
export function missesOf(
  { bars }: Pick<Fault, "bars">,
  round: Pick<RoundResult, "reads" | "writes" | "violations" | "twoPrimaries" | "primaryBefore" | "primaryAfter">,
): string[] {
  const { reads, writes, violations, twoPrimaries, primaryBefore, primaryAfter } = round;
  const unconfirmed = writes.failed + writes.unknown;
  const misses: [boolean, string][] = [
    [reads.failed > (bars.failedReads ?? Infinity), `${reads.failed} failed reads`],
    [unconfirmed > (bars.failedWrites ?? Infinity), `${unconfirmed} failed writes`],
    [
      writes.longest > (bars.longestWrite ?? Infinity),
      `longest write ${(writes.longest / 1000).toFixed(1)} s, bar ${(bars.longestWrite ?? 0) / 1000} s`,
    ],
    [bars.samePrimary === true && primaryBefore !== primaryAfter, `the primary moved to ${primaryAfter}`],
    [violations.length > 0, `${violations.length} violations, the first: ${violations[0]?.what}`],
    [twoPrimaries > 0, "two primaries at once"],
    [reads.ok === 0 || writes.ok === 0, "no answers at all"],
  ];
  return misses.filter(([missed]) => missed).map(([, what]) => what);
}

async function untilSteady({ stand, signal, say }: RoundContext): Promise<Roles> {
  let saidAt = performance.now();
  return until(() => steadiness(stand), {
    deadlineMs: RECOVERY_MS,
    everyMs: 500,
    signal,
    onMissing: (what) => {
      if (performance.now() - saidAt < 5_000) return;
      saidAt = performance.now();
      say(`waiting: ${what}`);
    },
  });
}

function first<Item>(items: readonly Item[], what: string): Item {
  const [item] = items;
  if (item === undefined) throw new Error(`the stand has no machine for ${what}`);
  return item;
}
