import type { Stand } from "@goldenring/stand";
import { clearMarks } from "../marks/fault-marks.ts";
import { findLeftovers, type Leftover, mendMachines } from "../undo/leftovers.ts";
import { OpenFaults } from "../undo/open-fault.ts";
import { type NotUndone, undoAll } from "../undo/undo.ts";

export interface Recovered {
  /** How many faults were open and are undone. */
  readonly undone: number;
  readonly notUndone: readonly NotUndone[];
  /** What the machines have of faults all the same. */
  readonly leftovers: readonly Leftover[];
}

/** Undoes what is written down as open. May run any number of times. Call it only with the turn (`takeTurn`). */
export async function undoOpenFaults(stand: Stand, say: (text: string) => void): Promise<Omit<Recovered, "leftovers">> {
  const open = new OpenFaults(stand.folder);
  const faults = open.list();
  for (const { machine, words, writtenAt } of faults)
    say(`${machine}: "${words}" of ${writtenAt} may be in force: undoing it`);
  await clearMarks(stand);
  const notUndone = await undoAll(stand, open, faults, ({ machine, words }) => say(`${machine}: "${words}" is undone`));
  stand.disconnect();
  return { undone: faults.length - notUndone.length, notUndone };
}

/** Undoes what is open, lets the machines undo what only they know of, and then asks all of them what is left. */
export async function recover(stand: Stand, say: (text: string) => void): Promise<Recovered> {
  const outcome = await undoOpenFaults(stand, say);
  await mendMachines(stand);
  return { ...outcome, leftovers: await findLeftovers(stand) };
}
