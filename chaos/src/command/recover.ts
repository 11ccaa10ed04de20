import { setTimeout as delay } from "node:timers/promises";
import type { Stand } from "@goldenring/stand";
import { takeTurn } from "../engine/lock.ts";
import { recover as recoverStand } from "../engine/recover.ts";
import { CHAOS_EXIT } from "../run/exit.ts";
import { forgetLeftValues } from "../stand/left-values.ts";
import { findLeftovers, type Leftover } from "../undo/leftovers.ts";
import type { ChaosDeps } from "./deps.ts";

/** A machine that boots and the services on it need so long, ms. */
const PATIENCE_MS = 180_000;
const EVERY_MS = 2_000;

/** Undoes what is open, asks every machine whether anything is left, and deletes what probes have written. @returns an exit code */
export async function recover(deps: ChaosDeps): Promise<number> {
  const { output, signal } = deps;
  const { stand } = await deps.stand();
  const turn = await takeTurn(stand.folder, "recover");
  try {
    const { undone, notUndone, leftovers } = await recoverStand(stand, (text) => output.say(text));
    for (const { fault, why } of notUndone) output.say(`${fault.machine}: "${fault.words}" is not undone: ${why}`);
    const left = leftovers.length === 0 ? [] : await untilNothingLeft(stand, leftovers, deps);
    for (const { machine, what } of left) output.result(`${machine}: ${what}`);
    await forgetLeftValues(stand, (text) => output.say(text));
    if (notUndone.length > 0 || left.length > 0) return CHAOS_EXIT["not-undone"];
    output.result(`${undone === 0 ? "No fault was open" : `${undone} undone`}; the machines have nothing of a fault.`);
    return signal.aborted ? CHAOS_EXIT.interrupted : CHAOS_EXIT.held;
  } finally {
    turn.release();
    stand.disconnect();
  }
}

/** What is left may be on its way back. */
async function untilNothingLeft(
  stand: Stand,
  found: readonly Leftover[],
  { signal, output }: ChaosDeps,
): Promise<readonly Leftover[]> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  let left = found;
  while (left.length > 0 && performance.now() < giveUpAt && !signal.aborted) {
    output.say(`waiting: ${left.map(({ machine, what }) => `${machine}: ${what}`).join("; ")}`);
    await delay(EVERY_MS, undefined, { signal }).catch(() => {});
    stand.disconnect();
    left = await findLeftovers(stand);
  }
  return left;
}
