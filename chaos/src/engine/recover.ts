import type { Stand } from "@goldenring/stand";
import { undoOnMachines } from "../undo/leftovers.ts";
import { OpenFaults } from "../undo/open-fault.ts";
import { type NotUndone, undoAll } from "../undo/undo.ts";
import { clearMarks } from "./fault-marks.ts";

interface Recovered {
  /** How many faults were open and are undone. */
  readonly undone: number;
  readonly notUndone: readonly NotUndone[];
}

/** Undoes what is written down as open. May run any number of times. Call it only under the engine's lock. */
export async function undoOpenFaults(stand: Stand, log: (text: string) => void): Promise<Recovered> {
  const open = new OpenFaults(stand.folder);
  const faults = open.list();
  for (const { machine, words, writtenAt } of faults)
    log(`${machine}: "${words}" of ${writtenAt} may be active: undoing it`);
  await clearMarks(stand);
  const notUndone = await undoAll(stand, open, faults, ({ machine, words }) => log(`${machine}: "${words}" is undone`));
  stand.disconnect();
  return { undone: faults.length - notUndone.length, notUndone };
}

/** Undoes what is open, and lets the machines undo what only they know of. */
export async function recover(stand: Stand, log: (text: string) => void): Promise<Recovered> {
  const outcome = await undoOpenFaults(stand, log);
  await undoOnMachines(stand);
  return outcome;
}
