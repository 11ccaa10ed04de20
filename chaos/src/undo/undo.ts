import { setTimeout as delay } from "node:timers/promises";
import { machineOf, type Stand } from "../stand/stand.ts";
import { carryOut, leftAfter } from "./lab-call.ts";
import type { OpenFault, OpenFaults } from "./open-fault.ts";

/** One try on a machine, ms: it may wait there for another script. */
const TRY_MS = 45_000;
/** Between two tries, ms. */
const PAUSE_MS = 1_000;

/** How long undoing one fault is tried, ms: a machine boots, or a lossy network lets a login through. */
export const UNDO_DEADLINE_MS = 180_000;

/**
 * Undoes one fault and looks whether anything of it is left; then, and only then, it is open no more. Tries again until the deadline.
 *
 * @throws with what is left; it stays open
 */
export async function undoFault(
  stand: Stand,
  open: OpenFaults,
  fault: OpenFault,
  { deadlineMs = UNDO_DEADLINE_MS } = {},
): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const left = await tryUndo(stand, fault);
    if (left === undefined) return open.remove(fault.id);
    if (performance.now() + PAUSE_MS > giveUpAt) throw new Error(left);
    await delay(PAUSE_MS);
  }
}

/** @returns what is left, in words */
async function tryUndo(stand: Stand, { machine, undo }: OpenFault): Promise<string | undefined> {
  try {
    if (undo.by === "machine") {
      const { code, stdout, stderr } = await machineOf(stand, machine).run(undo.script, { deadlineMs: TRY_MS });
      return code === 0 ? undefined : `${machine}: ${(stderr || stdout).trim() || `exit code ${code}`}`;
    }
    if (!stand.lab) return `${machine}: only the host of the machines can undo it, and it is not at hand`;
    await carryOut(stand.lab, machine, undo.call);
    return await leftAfter(stand.lab, machine, undo.call);
  } catch (error) {
    return `${machine}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export interface NotUndone {
  readonly fault: OpenFault;
  readonly why: string;
}

/**
 * Undoes faults: those of the host first, so that machines can be reached again; of each machine the newest first.
 *
 * @returns those that are left; empty: all is undone
 */
export async function undoAll(
  stand: Stand,
  open: OpenFaults,
  faults: readonly OpenFault[],
  onUndone: (fault: OpenFault) => void = () => {},
): Promise<readonly NotUndone[]> {
  // A connection to a machine that lost its power or was rebooted would only be noticed at the next command's deadline.
  stand.disconnect();
  const left: NotUndone[] = [];
  const one = async (fault: OpenFault): Promise<void> => {
    try {
      await undoFault(stand, open, fault);
      onUndone(fault);
    } catch (error) {
      left.push({ fault, why: error instanceof Error ? error.message : String(error) });
    }
  };
  const newestFirst = faults.toReversed();
  for (const by of ["lab", "machine"] as const) {
    const byMachine = Map.groupBy(
      newestFirst.filter(({ undo }) => undo.by === by),
      ({ machine }) => machine,
    );
    await Promise.all(
      [...byMachine.values()].map(async (ofMachine) => {
        for (const fault of ofMachine) await one(fault);
      }),
    );
  }
  return left;
}
