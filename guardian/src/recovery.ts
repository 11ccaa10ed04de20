import { messageOf } from "@goldenring/stand";
import type { ActionLock } from "./etcd.ts";
import type { Note } from "./journal.ts";
import type { Verdict } from "./judge.ts";

/** What a recovery acts with. All of it ends within a deadline of its own, and rejects when it did not do what it says. */
export interface Hands {
  /** @returns undefined while another guardian acts */
  lock(): Promise<ActionLock | undefined>;
  /** Why the machine must not be turned off now, by what is known at this moment; undefined: nothing speaks against it. */
  objection(machine: string): Promise<string | undefined>;
  /** Resolves when the candidate leads. Rejects at the deadline, or when Patroni refuses. */
  switchOver(leader: string, candidate: string): Promise<void>;
  /** Resolves when the machine is off for certain. */
  powerOff(machine: string): Promise<void>;
  /** Frees the leader key of a machine that is off, and what else waits for it. */
  free(machine: string): Promise<void>;
  noteTurnedOff(machine: string): Promise<unknown>;
  noteAction(what: string): Promise<unknown>;
  /** Commits stop waiting for a standby. */
  dropStandby(machine: string): Promise<void>;
}

/**
 * Carries out a verdict. Each step leaves the stand in a state that is safe and that Patroni or the next guardian continues from: whoever acts may be
 * killed or stand still between any two of them.
 *
 * 1. Only one guardian acts. The lock ends by itself.
 * 2. A clean switchover, where the primary can still do it. Patroni completes or forgets it without the guardian.
 * 3. That the machine is turned off by a guardian is noted before it happens, so that it is turned on again in any case.
 * 4. Off for certain. Nothing else has changed yet: without a guardian, Patroni replaces it at the end of its leader key.
 * 5. Its leader key is freed, as of every machine that is off.
 */
export async function recover(verdict: Verdict, hands: Hands, note: Note): Promise<void> {
  const { act, machine, candidate } = verdict;
  if (machine === undefined || act === "nothing" || act === "advise") return;
  const why = verdict.why.join("; ");
  // The opposite of what it is for would be a commit that waits for etcd: it needs no lock, as it may be done twice.
  if (act === "drop standby") {
    await hands.dropStandby(machine);
    note({ machine, event: "taken out of the synchronous standbys", detail: why });
    return;
  }
  const lock = await hands.lock();
  if (lock === undefined) return note({ machine, event: "another guardian acts" });
  try {
    if (act === "switch over" && candidate !== undefined) {
      note({ machine, event: "switching over", detail: `to ${candidate}: ${why}` });
      if (await succeeds(() => hands.switchOver(machine, candidate), `could not switch over to ${candidate}`)) {
        await hands.noteAction(`switched over from ${machine}`);
        return note({ machine, event: "switched over", detail: `to ${candidate}` });
      }
      await hands.noteAction(`tried to switch over from ${machine}`);
    }
    await fence(machine, lock, why);
  } finally {
    await lock.release().catch(() => {});
  }

  async function fence(sick: string, held: ActionLock, reason: string): Promise<void> {
    note({ machine: sick, event: "fencing", detail: reason });
    await hands.noteTurnedOff(sick);
    await held.confirm();
    // A guardian that stood still would act on what is long past: it asks again right before the step that cannot be taken back.
    const objection = await hands.objection(sick);
    if (objection !== undefined) return note({ machine: sick, event: "not fenced", detail: objection });
    await hands.powerOff(sick);
    note({ machine: sick, event: "turned off" });
    await hands.noteAction(`turned ${sick} off`);
    await hands.free(sick);
  }

  async function succeeds(work: () => Promise<void>, event: string): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      note({ ...(machine === undefined ? {} : { machine }), event, detail: messageOf(error) });
      return false;
    }
  }
}

/** A machine that a guardian turned off is turned on after so long: later than any leader key of it can live. */
export const TURN_ON_AFTER_MS = 30_000;
/** A note without a machine that is off: it was turned on by a person, or never off. Whoever wrote it has lost the lock by then. */
const FORGET_AFTER_MS = 20_000;

/** What to do about a machine that a guardian turned off at `sinceMs`. */
export function afterFence(
  machine: string,
  agoMs: number,
  seen: { readonly isOff: boolean | undefined; readonly leader: string | null; readonly mayTurnOn: boolean },
): "wait" | "turn on" | "forget" {
  if (seen.isOff === false) return agoMs > FORGET_AFTER_MS ? "forget" : "wait";
  const isReplaced = seen.leader !== null && seen.leader !== machine;
  return seen.isOff === true && isReplaced && seen.mayTurnOn && agoMs >= TURN_ON_AFTER_MS ? "turn on" : "wait";
}
