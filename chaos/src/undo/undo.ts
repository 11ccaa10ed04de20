import { setTimeout as delay } from "node:timers/promises";
import { machineOf, type Stand } from "@goldenring/stand";
import { carryOut, leftAfter } from "../faults/lab-call.ts";
import { ENDED_BEFORE } from "./guard.ts";
import type { OpenFault, OpenFaults } from "./open-fault.ts";

/** One try on a machine, ms: it may wait there for another script. */
const TRY_MS = 45_000;
/** Between two tries, ms. */
const PAUSE_MS = 1_000;

/** How long undoing one fault is tried, ms: a machine boots, or a lossy network lets a login through. */
const UNDO_DEADLINE_MS = 180_000;

/** How it was with a fault that is undone now. */
export interface Undone {
  /** It was in force no more when its undo came. */
  readonly endedBefore: boolean;
}

/**
 * Undoes one fault and looks whether anything of it is left; then, and only then, it is open no more. Tries again until the deadline.
 *
 * @throws with what is left; it stays open
 */
async function undoFault(stand: Stand, open: OpenFaults, fault: OpenFault): Promise<Undone> {
  const giveUpAt = performance.now() + UNDO_DEADLINE_MS;
  for (;;) {
    const tried = await tryUndo(stand, fault);
    if (typeof tried !== "string") {
      open.remove(fault.id);
      return tried;
    }
    if (performance.now() + PAUSE_MS > giveUpAt) throw new Error(tried);
    await delay(PAUSE_MS);
  }
}

/** @returns in words what is left, if anything is */
async function tryUndo(stand: Stand, { machine, undo }: OpenFault): Promise<string | Undone> {
  try {
    if (undo.by === "machine") {
      const { code, stdout, stderr } = await machineOf(stand, machine).run(undo.script, { deadlineMs: TRY_MS });
      if (code !== 0) return `${machine}: ${(stderr || stdout).trim() || `exit code ${code}`}`;
      return { endedBefore: stdout.includes(ENDED_BEFORE) };
    }
    if (!stand.lab) return `${machine}: only the host of the machines can undo it, and it is not at hand`;
    await carryOut(stand.lab, machine, undo.call);
    return (await leftAfter(stand.lab, machine, undo.call)) ?? { endedBefore: false };
  } catch (error) {
    return `${machine}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Which of the host's faults are in force no more. Asked before any is undone, because healing a machine may end faults of another. */
async function endedOfLab({ lab }: Stand, faults: readonly OpenFault[]): Promise<ReadonlySet<OpenFault>> {
  const ended = await Promise.all(
    faults.map(async (fault) => {
      if (!lab || fault.undo.by !== "lab") return [];
      const isThere = await leftAfter(lab, fault.machine, fault.undo.call).catch(() => "nobody knows");
      return isThere === undefined ? [fault] : [];
    }),
  );
  return new Set(ended.flat());
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
  onUndone: (fault: OpenFault, undone: Undone) => void = () => {},
): Promise<readonly NotUndone[]> {
  // A connection to a machine that lost its power or was rebooted would only be noticed at the next command's deadline.
  stand.disconnect();
  const left: NotUndone[] = [];
  const ended = await endedOfLab(stand, faults);
  const one = async (fault: OpenFault): Promise<void> => {
    try {
      const { endedBefore } = await undoFault(stand, open, fault);
      onUndone(fault, { endedBefore: endedBefore || ended.has(fault) });
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
