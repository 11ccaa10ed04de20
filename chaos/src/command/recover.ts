import { EXIT, interruptedExit } from "@goldenring/run-kit";
import { isAlive, type Stand, sendSignal, waitUntil } from "@goldenring/stand";
import { type Engine, endPrograms, runningEngine, takeEngineLock } from "../engine/lock.ts";
import { undoOpenFaults } from "../engine/run-experiment.ts";
import { deleteByPlan } from "../engine/service-end.ts";
import { forgetLeftValues } from "../stored/weather-rows.ts";
import { findLeftovers, type Leftover, undoOnMachines } from "../undo/leftovers.ts";
import { openFaults } from "../undo/open-fault.ts";
import type { ChaosDeps } from "./deps.ts";

/** A machine boots in this time, and its services start. */
const RECOVERY_DEADLINE_MS = 180_000;
const CHECK_EVERY_MS = 2_000;

/** Undoes open faults, asks every machine whether anything is left, and deletes what probes have written. @returns an exit code */
export async function recover(deps: ChaosDeps): Promise<number> {
  const { output, signal } = deps;
  const { log } = output;
  const { stand } = await deps.stand();
  const lock = await takeEngineLock(stand.folder, "recover");
  try {
    const { undone, notUndone } = await undoOpenFaults(stand, log);
    // What only the machines know of.
    await undoOnMachines(stand);
    for (const { fault, why } of notUndone) output.log(`${fault.machine}: "${fault.words}" is not undone: ${why}`);
    const left = await leftAfterWaiting(stand, deps);
    for (const leftover of left) output.result(textOf(leftover));
    await forgetLeftValues(stand, log, deleteByPlan);
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
  const options = { deadlineMs: RECOVERY_DEADLINE_MS, everyMs: CHECK_EVERY_MS, signal };
  const unlessAborted = (error: unknown): void => {
    if (!signal.aborted) throw error;
  };
  if (left.length > 0) await waitUntil(isNothingLeft, options).catch(unlessAborted);
  return left;
}

const textOf = ({ machine, what }: Leftover): string => `${machine}: ${what}`;

/** How long an engine may take to undo its faults itself; afterwards it is killed, and they are undone here. */
const STOP_DEADLINE_MS = 60_000;

/** The kill switch: ends the experiment that runs on the stand, and undoes what it leaves. @returns an exit code */
export async function stop(deps: ChaosDeps): Promise<number> {
  const { stand } = await deps.stand();
  const engine = runningEngine(stand.folder);
  if (engine) await end(engine, deps);
  else deps.output.log("no experiment runs");
  return recover(deps);
}

async function end(engine: Engine, { output }: ChaosDeps): Promise<void> {
  output.log(`ending ${engine.what} (process ${engine.pid})`);
  sendSignal(engine, "SIGTERM");
  // A stopped process takes the signal when it continues.
  sendSignal(engine, "SIGCONT");
  if (!(await waitUntil(() => !isAlive(engine), { deadlineMs: STOP_DEADLINE_MS }))) {
    output.log(`it does not end within ${STOP_DEADLINE_MS / 1_000} s: killing it`);
    sendSignal(engine, "SIGKILL");
  }
  endPrograms(engine);
}

/** What runs, and which faults may be active. @returns an exit code */
export async function open({ output, stand }: ChaosDeps, json: boolean): Promise<number> {
  const { folder } = (await stand()).stand;
  const running = runningEngine(folder);
  const faults = openFaults(folder).list();
  if (json) output.result(JSON.stringify({ running: running ?? null, faults }, null, 2));
  else {
    const process = running && `${running.what} runs since ${running.since} (process ${running.pid})`;
    output.result(process ?? "No experiment runs.");
    for (const { machine, words, writtenAt } of faults) output.result(`${machine}: ${words} (${writtenAt})`);
    if (faults.length === 0) output.result("No fault is open.");
    else if (!running) output.result("Undo them: ring chaos recover");
  }
  return EXIT.ok;
}
