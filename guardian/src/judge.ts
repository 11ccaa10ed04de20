import type { Rto } from "@goldenring/stand";
import type { Attempts, Client, Database, Evidence } from "./evidence.ts";

/** How long each kind of waiting may last before it is a complaint, in milliseconds. */
const PATIENCE: Readonly<Record<Rto, { readonly writes: number; readonly standby: number; readonly slow: number }>> = {
  // Twice what a switchover stops writers; the longest write of a busy machine was 1.4 s (docs/results).
  fast: { writes: 2_000, standby: 1_000, slow: 10_000 },
  norm: { writes: 5_000, standby: 3_000, slow: 20_000 },
  safe: { writes: 10_000, standby: 10_000, slow: 40_000 },
};
/** Older signs of life say nothing about the present. */
const FRESH_MS = 1_500;
/** Two lines of an observer. */
const HEARD_NOW_MS = 600;
/** A longer pause between two lines of evidence: the guardian itself stood still, and what it knew before is void. */
const MAX_GAP_MS = 1_500;
/** A write that takes longer misses the objective of the service by far. */
const SLOW_MS = 1_000;
/** Of the patience with a standby: one that confirms anything within it is alive. Under packet loss, confirmations come in bursts. */
const STUCK_SHARE = 0.7;
/** Of the same patience: how long it is when nobody but the primary finds the standby sick. */
const UNSEEN_SHARE = 1.5;
/** Of the candidate's disk. */
const HEALTHY_DISK_MS = 400;
/** Less than a segment of WAL: PostgreSQL cannot write on. */
const FULL_MB = 16;
/** Patroni handles a PostgreSQL that is down, starts or stops; when it has not after this multiple of the patience, it will not. */
const DOWN_PATIENCE = 2.5;
/** Of the patience with writes: a PostgreSQL that uses CPU time is busy, not frozen, until it has been silent for so long. */
const BUSY_PATIENCE = 5;
const RAN_MS = 1_000;
/** After a switchover or fence none follows for so long. */
export const COOL_DOWN_MS = 60_000;
/** What `judge` looks at. */
export const WINDOW_MS = 41_000;

export const ACTS = ["nothing", "advise", "drop standby", "switch over", "fence"] as const;
export type Act = (typeof ACTS)[number];

export interface Verdict {
  readonly act: Act;
  /** The machine that is sick. */
  readonly machine?: string;
  /** Who takes over. */
  readonly candidate?: string;
  /** What it rests on, or what forbids more: for a person to read. */
  readonly why: readonly string[];
}

/** What is wrong at one moment, before anybody asks whether something may be done. */
interface Finding {
  readonly act: "drop standby" | "switch over" | "fence";
  readonly machine: string;
  readonly why: readonly string[];
}

/**
 * What is to be done, from the recorded evidence alone, oldest first. Two findings in a row must agree, so one odd line does nothing.
 *
 * @param asIf judges as a guardian with these permissions, instead of the recorded ones
 */
export function judge(
  recorded: readonly Evidence[],
  asIf: Partial<Pick<Evidence, "mode" | "mayFence" | "actedMs">> = {},
): Verdict {
  const window = contiguous(recorded);
  const last = window.at(-1);
  if (last === undefined) return nothing("no evidence");
  const finding = findingOf(window);
  if (finding === undefined || "nothing" in finding) return nothing(...(finding?.nothing ?? []));
  const before = findingOf(window.slice(0, -1));
  if (before === undefined || "nothing" in before || before.machine !== finding.machine) return nothing("seen once");
  return permitted(finding, window, { ...last, ...asIf });
}

function permitted({ act, machine, why }: Finding, window: readonly Evidence[], now: Evidence): Verdict {
  const advise = (reason: string): Verdict => ({ act: "advise", machine, why: [...why, reason] });
  if (now.mode !== "act") return advise(now.mode === "pause" ? "the guardian is paused" : "the guardian only advises");
  if (act === "drop standby") return { act, machine, why };
  if (now.actedMs !== null && now.actedMs < COOL_DOWN_MS)
    return advise(`the last action was ${seconds(now.actedMs)} ago`);
  if (!ledThroughout(window, machine, PATIENCE[now.rto].writes)) return advise("it has led for a moment only");
  const { candidate, reasons } = candidateOf(now, machine);
  if (candidate === undefined) return advise(`nobody can take over: ${reasons.join("; ") || "there is no standby"}`);
  if (act === "fence" && !now.mayFence) return advise("the guardian has no command that turns it off");
  return { act, machine, candidate, why };
}

/**
 * Why a machine that was found sick must not be turned off now; undefined: nothing speaks against it. What made it sick is not asked again: after a
 * switchover that did not end, it may look otherwise.
 */
export function objectionTo(machine: string, now: Evidence): string | undefined {
  if (now.mode !== "act") return `the guardian's mode is ${now.mode}`;
  if (!now.mayFence) return "the guardian has no command that turns it off";
  if (now.etcdMs > FRESH_MS) return "etcd does not answer";
  if (now.leader !== machine) return `it does not lead, but ${now.leader ?? "nobody"}`;
  const { fresh, waiting } = writers(now);
  if (waiting.length < 2 || waiting.length * 2 <= fresh.length) return "writes do not wait any more";
  const { candidate, reasons } = candidateOf(now, machine);
  return candidate === undefined ? `nobody can take over: ${reasons.join("; ")}` : undefined;
}

const nothing = (...why: string[]): Verdict => ({ act: "nothing", why });

/** The newest lines, back to the last long pause. */
function contiguous(recorded: readonly Evidence[]): readonly Evidence[] {
  let start = recorded.length - 1;
  for (; start > 0; start -= 1) {
    const [one, next] = [recorded[start - 1], recorded[start]];
    if (one === undefined || next === undefined || next.at - one.at > MAX_GAP_MS || next.at < one.at) break;
    if ((recorded.at(-1)?.at ?? 0) - one.at > WINDOW_MS) break;
  }
  return recorded.slice(Math.max(start, 0));
}

/** A new leader's clients need a moment, and what they waited for was the old one. */
function ledThroughout(window: readonly Evidence[], machine: string, forMs: number): boolean {
  const end = window.at(-1)?.at ?? 0;
  const since = window.findLast(({ leader }) => leader !== machine)?.at ?? Number.NEGATIVE_INFINITY;
  return end - since >= forMs;
}

function findingOf(window: readonly Evidence[]): Finding | { readonly nothing: readonly string[] } | undefined {
  const now = window.at(-1);
  if (now === undefined) return undefined;
  const { leader, etcdMs, databases } = now;
  if (etcdMs > FRESH_MS) return { nothing: [`etcd has not answered for ${seconds(etcdMs)}`] };
  if (leader === null) return { nothing: ["nobody leads: Patroni elects"] };
  const primary = databases[leader];
  if (primary === undefined) return { nothing: [`${leader} leads and is not in the inventory`] };
  return standbyFinding(window, primary) ?? primaryFinding(window, leader, primary);
}

/**
 * A commit that waits for a standby that confirms nothing is the standby's sickness, if the primary is well for everybody else: with the standby taken
 * out, nobody could take over from a primary that is cut off from all.
 */
function standbyFinding(window: readonly Evidence[], primary: Database): Finding | undefined {
  const now = window.at(-1);
  if (now === undefined || now.leader === null || !answers(primary) || primary.sql.primary !== true) return undefined;
  if (primary.heardMs > HEARD_NOW_MS) return undefined;
  const { leader } = now;
  const { sql } = primary;
  const patienceMs = PATIENCE[now.rto].standby;
  const stuckMs = patienceMs * STUCK_SHARE;
  const waitsMs = sql.standbyMs ?? 0;
  if (waitsMs < patienceMs) return undefined;
  const earlier = window.filter(({ at }) => now.at - at <= stuckMs && now.at - at > 0);
  for (const [machine, { sync, flushed }] of Object.entries(sql.standbys ?? {})) {
    if (sync !== "sync" && sync !== "quorum") continue;
    const isStuck = earlier.every(({ databases }) => databases[leader]?.sql.standbys?.[machine]?.flushed === flushed);
    if (!isStuck || earlier.length === 0) continue;
    const sick = sicknessOf(machine, now, stuckMs);
    // It may be the primary that begins to be cut off, which others notice a little later.
    if (sick === undefined && waitsMs < patienceMs * UNSEEN_SHARE) continue;
    if (!isReachedByWriters(leader, now, sick === undefined ? "all" : "two")) continue;
    const waits = `commits have waited ${seconds(waitsMs)} for ${machine}, which confirms nothing`;
    return { act: "drop standby", machine, why: [`${waits}${sick === undefined ? "" : `: ${sick}`}`] };
  }
  return undefined;
}

/** What others than the primary see of a standby. */
function sicknessOf(name: string, { databases, clients }: Evidence, patienceMs: number): string | undefined {
  const standby = databases[name];
  if (standby === undefined || standby.heardMs >= patienceMs) return "the guardian does not hear it";
  if (standby.sql.error !== null || (standby.sql.answeredMs ?? patienceMs) + standby.heardMs >= patienceMs)
    return "its PostgreSQL does not answer";
  if (standby.diskMs >= patienceMs) return "its disk does not answer";
  const isUnreached = Object.values(clients).some(({ heardMs, reach }) => {
    const attempts = reach[name];
    return (
      heardMs <= FRESH_MS &&
      attempts !== undefined &&
      failedOf(attempts) > 0 &&
      failedOf(attempts) >= attempts.connected
    );
  });
  return isUnreached ? "it is not reached" : undefined;
}

/** They try only while they wait, so all their attempts are of the present. */
function isReachedByWriters(name: string, { clients }: Evidence, who: "two" | "all"): boolean {
  const fresh = Object.values(clients).filter(({ heardMs }) => heardMs <= FRESH_MS);
  const attempts = fresh.filter(({ waitingMs }) => waitingMs !== undefined).flatMap(({ reach }) => reach[name] ?? []);
  if (fresh.some(({ reach }) => reach[name] !== undefined && failedOf(reach[name]) > 0)) return false;
  const enough = who === "two" ? 1 : 2;
  const reaching = attempts.filter(({ connected }) => connected >= enough).length;
  return reaching >= 2 && (who === "two" || reaching === attempts.length);
}

/** Whether PostgreSQL answers on its own machine. */
function answers({ heardMs, sql }: Pick<Database, "heardMs" | "sql">): boolean {
  return (
    heardMs <= FRESH_MS && sql.error === null && (sql.answeredMs ?? Number.POSITIVE_INFINITY) + heardMs <= FRESH_MS
  );
}

/** Those who write, and of them those who wait. */
function writers({ clients, rto }: Evidence) {
  const fresh = Object.entries(clients).filter(
    ([, { heardMs, waitingMs }]) => heardMs <= FRESH_MS && waitingMs !== undefined,
  );
  const waiting = fresh.filter(([, { waitingMs = 0 }]) => waitingMs >= PATIENCE[rto].writes);
  return { fresh, waiting };
}

function primaryFinding(
  window: readonly Evidence[],
  machine: string,
  primary: Database,
): Finding | { readonly nothing: readonly string[] } {
  const now = window.at(-1);
  if (now === undefined) return { nothing: [] };
  const { fresh, waiting } = writers(now);
  const patienceMs = PATIENCE[now.rto].writes;
  if (waiting.length < 2 || waiting.length * 2 <= fresh.length) return slowFinding(window, machine);
  const longestMs = Math.max(...waiting.map(([, { waitingMs = 0 }]) => waitingMs));
  const users = `${waiting.map(([name]) => name).join(", ")} wait for writes, up to ${seconds(longestMs)}`;
  const find = (act: Finding["act"], reason: string): Finding => ({ act, machine, why: [users, reason] });
  const { sql, heardMs } = primary;
  // The observers on other machines, those that do not write included.
  const others = Object.entries(now.clients).filter(([, { heardMs: age }]) => age <= FRESH_MS);
  if (answers(primary)) {
    if (sql.primary !== true) return { nothing: [users, `PostgreSQL on ${machine} is in recovery`] };
    const stuckMs = Math.max(sql.diskMs ?? 0, primary.diskMs);
    if (stuckMs >= patienceMs)
      return find("fence", `what ${machine} writes to its disk has waited ${seconds(stuckMs)}`);
    if ((sql.lockMs ?? 0) >= patienceMs) return { nothing: [users, "a lock in the database holds them up"] };
    if ((primary.freeMb ?? FULL_MB) < FULL_MB) return find("switch over", `the disk of ${machine} is full`);
    const cut = unreached(waiting, others, machine, FAILURES);
    if (cut === undefined) return { nothing: [users, `${machine} has nothing that waits, and they reach it`] };
    return find(canSwitchOver(primary) ? "switch over" : "fence", cut);
  }
  if (heardMs <= FRESH_MS) {
    const silentMs = (sql.answeredMs ?? 0) + heardMs;
    if (sql.error !== null) {
      if (longestMs < patienceMs * DOWN_PATIENCE) return { nothing: [users, `PostgreSQL on ${machine}: ${sql.error}`] };
      return find("fence", `PostgreSQL on ${machine} does not come back: ${sql.error}`);
    }
    // Recordings of earlier versions lack it.
    const isBusy = (primary.ranMs ?? RAN_MS) < RAN_MS;
    if (silentMs < patienceMs * (isBusy ? BUSY_PATIENCE : 1))
      return { nothing: [users, `PostgreSQL on ${machine} has been silent for ${seconds(silentMs)}`] };
    return find("fence", `PostgreSQL on ${machine} has not answered on its own machine for ${seconds(silentMs)}`);
  }
  const cut = unreached(waiting, others, machine, ["silent"]);
  if (cut === undefined) return { nothing: [users, `the guardian does not hear ${machine}, others reach it`] };
  return find("fence", `${cut}, and the guardian does not hear it`);
}

/** Writes that come, but so late that users suffer, because of the primary's disk. */
function slowFinding(window: readonly Evidence[], machine: string): Finding | { readonly nothing: readonly string[] } {
  const now = window.at(-1);
  if (now === undefined) return { nothing: [] };
  const forMs = PATIENCE[now.rto].slow;
  const seen = window.filter(({ at }) => now.at - at <= forMs);
  if (now.at - (seen[0]?.at ?? now.at) < forMs * 0.9) return { nothing: [] };
  const isSlow = (client: Client): boolean => client.heardMs <= FRESH_MS && (client.slowMs ?? 0) >= SLOW_MS;
  const suffer = seen.filter(({ clients }) => {
    const all = Object.values(clients).filter(({ slowMs, heardMs }) => slowMs !== undefined && heardMs <= FRESH_MS);
    const slow = all.filter(isSlow).length;
    return slow >= 2 && slow * 2 > all.length;
  });
  if (suffer.length < seen.length) return { nothing: [] };
  const onDisk = seen.filter(({ databases }) => (databases[machine]?.sql.diskMs ?? 0) >= SLOW_MS / 2);
  if (onDisk.length * 2 < seen.length) return { nothing: ["writes are slow, not because of the primary's disk"] };
  return {
    act: "switch over",
    machine,
    why: [
      `writes have taken more than ${seconds(SLOW_MS)} for ${seconds(forMs)}: they wait for the disk of ${machine}`,
    ],
  };
}

const FAILURES = ["refused", "silent"] as const;
const failedOf = (attempts: Attempts, outcomes: readonly (keyof Attempts)[] = FAILURES): number =>
  outcomes.reduce((sum, outcome) => sum + attempts[outcome], 0);
const allOf = ({ connected, refused, silent }: Attempts): number => connected + refused + silent;

/**
 * Says who does not reach a machine, when nobody does who tried twice: at least two, most of those who wait among them. One who reaches it shows that it is
 * not the machine: the firewall's limit of a client's connections refuses as well.
 */
function unreached(
  waiting: readonly (readonly [string, Client])[],
  others: readonly (readonly [string, Client])[],
  machine: string,
  outcomes: readonly (keyof Attempts)[],
): string | undefined {
  const tried = ([, { reach }]: readonly [string, Client]): boolean =>
    (reach[machine] ? allOf(reach[machine]) : 0) >= 2;
  const fails = (client: readonly [string, Client]): boolean => {
    const attempts = client[1].reach[machine];
    return attempts !== undefined && tried(client) && failedOf(attempts, outcomes) * 2 >= allOf(attempts);
  };
  const failing = others.filter(fails);
  if (failing.length < others.filter(tried).length) return undefined;
  const writersFailing = waiting.filter(fails).length;
  if (failing.length < 2 || writersFailing === 0 || writersFailing * 2 <= waiting.length) return undefined;
  return `${failing.map(([name]) => name).join(", ")} do not reach PostgreSQL on ${machine}`;
}

const canSwitchOver = ({ patroniMs, heardMs }: Database): boolean =>
  heardMs <= FRESH_MS && patroniMs !== null && patroniMs <= FRESH_MS;

/** A standby that has every acknowledged write, is well, and is reached by at least two observers and all who know. */
function candidateOf(now: Evidence, primary: string) {
  const reasons: string[] = [];
  for (const [name, database] of Object.entries(now.databases)) {
    if (name === primary) continue;
    const why = unfit(name, database, now);
    if (why === undefined) return { candidate: name, reasons };
    reasons.push(`${name} ${why}`);
  }
  return { candidate: undefined, reasons };
}

function unfit(name: string, database: Database, now: Evidence): string | undefined {
  if (!now.synchronous.includes(name)) return "may lack acknowledged writes: it is not synchronous";
  if (!answers(database)) return "does not answer";
  if (database.sql.primary !== false) return "is no standby";
  if (database.diskMs > HEALTHY_DISK_MS) return `has a slow disk itself (${database.diskMs} ms for a block)`;
  if ((database.freeMb ?? FULL_MB) < FULL_MB) return "has a full disk itself";
  const views = Object.values(now.clients)
    .filter(({ heardMs }) => heardMs <= FRESH_MS)
    .flatMap(({ reach }) => reach[name] ?? [])
    .filter((attempts) => allOf(attempts) > 0);
  const reaching = views.filter(
    ({ connected, silent, refused }) => connected > 0 && connected >= 2 * (silent + refused),
  );
  if (reaching.length < 2 || reaching.length < views.length) return "is not reached by all observers";
  return undefined;
}

/**
 * A standby that may reach its primary again: one that is well, and one whose PostgreSQL is down or lets nobody in. That one does not hang, and what brings
 * it back (pg_rewind, a new copy) needs the way to the primary.
 */
export function mayReturn(name: string, evidence: readonly Evidence[], forMs: number): boolean {
  const window = contiguous(evidence);
  const end = window.at(-1)?.at ?? 0;
  if (end - (window[0]?.at ?? end) < forMs) return false;
  return window.every(({ at, databases, leader }) => {
    if (end - at > forMs) return true;
    const standby = databases[name];
    const fromPrimary = (leader !== null && databases[leader]?.reach[name]) || undefined;
    const isReached = fromPrimary !== undefined && fromPrimary.silent === 0;
    if (standby === undefined || standby.heardMs > FRESH_MS) return false;
    return standby.sql.error !== null || (answers(standby) && standby.diskMs <= HEALTHY_DISK_MS && isReached);
  });
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;
