import type { Stand } from "@goldenring/stand";
import { OpenFaults } from "../undo/open-fault.ts";
import { undoAll } from "../undo/undo.ts";
import { writeMarks } from "./fault-marks.ts";

/**
 * Undoes what is written down as open. May run any number of times. Call it only under the engine's lock.
 *
 * @returns how many faults were open and are undone, and those that are not
 */
export async function undoOpenFaults(stand: Stand, log: (text: string) => void) {
  const open = new OpenFaults(stand.folder);
  const faults = open.list();
  for (const { machine, words, writtenAt } of faults)
    log(`${machine}: "${words}" of ${writtenAt} may be active: undoing it`);
  await writeMarks(stand, "");
  const notUndone = await undoAll(stand, open, faults, ({ machine, words }) => log(`${machine}: "${words}" is undone`));
  stand.disconnect();
  return { undone: faults.length - notUndone.length, notUndone };
}
