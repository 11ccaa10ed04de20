import { isAlive, sendSignal, waitUntil } from "@goldenring/stand";
import { type Engine, endPrograms, runningEngine } from "../engine/lock.ts";
import type { ChaosDeps } from "./deps.ts";
import { recover } from "./recover.ts";

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
