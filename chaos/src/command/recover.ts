import { EXIT, interruptedExit } from "@goldenring/run-kit";
import { type Stand, waitUntil } from "@goldenring/stand";
import { takeEngineLock } from "../engine/lock.ts";
import { recover as recoverStand } from "../engine/recover.ts";
import { forgetLeftValues } from "../stored/left-values.ts";
import { findLeftovers, type Leftover } from "../undo/leftovers.ts";
import type { ChaosDeps } from "./deps.ts";

/** A machine boots in this time, and its services start. */
const RECOVERY_DEADLINE_MS = 180_000;
const CHECK_EVERY_MS = 2_000;

/** Undoes open faults, asks every machine whether anything is left, and deletes what probes have written. @returns an exit code */
export async function recover(deps: ChaosDeps): Promise<number> {
  const { output, signal } = deps;
  const { stand } = await deps.stand();
  const lock = await takeEngineLock(stand.folder, "recover");
  try {
    const { undone, notUndone } = await recoverStand(stand, (text) => output.log(text));
    for (const { fault, why } of notUndone) output.log(`${fault.machine}: "${fault.words}" is not undone: ${why}`);
    const left = await leftAfterWaiting(stand, deps);
    for (const leftover of left) output.result(textOf(leftover));
    await forgetLeftValues(stand, (text) => output.log(text));
    if (notUndone.length > 0 || left.length > 0) return EXIT.notUndone;
    output.result(
      `${undone === 0 ? "No fault was open" : `${undone} undone`}; nothing of a fault is left on the machines.`,
    );
    return signal.aborted ? interruptedExit(signal) : EXIT.ok;
  } finally {
    lock.release();
    stand.disconnect();
  }
}

/** What is left may go soon: a machine boots, a service starts. @returns what stays */
async function leftAfterWaiting(stand: Stand, { signal, output }: ChaosDeps) {
  let left = await findLeftovers(stand);
  const isNothingLeft = async (): Promise<boolean> => {
    output.log(`waiting: ${left.map(textOf).join("; ")}`);
    stand.disconnect();
    left = await findLeftovers(stand);
    return left.length === 0;
  };
  if (left.length > 0)
    await waitUntil(isNothingLeft, { deadlineMs: RECOVERY_DEADLINE_MS, everyMs: CHECK_EVERY_MS, signal }).catch(
      (error: unknown) => {
        if (!signal.aborted) throw error;
      },
    );
  return left;
}

const textOf = ({ machine, what }: Leftover): string => `${machine}: ${what}`;
