import { setTimeout as delay } from "node:timers/promises";
import { type Engine, endPrograms, isAlive, runningEngine, signal } from "../engine/lock.ts";
import type { ChaosDeps } from "./deps.ts";
import { recover } from "./recover.ts";

/** It undoes its faults by itself for so long, ms; then it is killed, and they are undone here. */
const PATIENCE_MS = 60_000;
const EVERY_MS = 200;

/** The kill switch: ends the experiment that runs on the stand, and undoes what it leaves. @returns an exit code */
export async function stop(deps: ChaosDeps): Promise<number> {
  const { stand } = await deps.stand();
  const engine = runningEngine(stand.folder);
  if (engine) await end(engine, deps);
  else deps.output.say("no experiment runs");
  return recover(deps);
}

async function end(engine: Engine, { output }: ChaosDeps): Promise<void> {
  output.say(`ending ${engine.what} (process ${engine.pid})`);
  signal(engine, "SIGTERM");
  // One that stands still takes the signal when it goes on.
  signal(engine, "SIGCONT");
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (isAlive(engine) && performance.now() < giveUpAt) await delay(EVERY_MS);
  if (isAlive(engine)) {
    output.say(`it does not end within ${PATIENCE_MS / 1_000} s: killing it`);
    signal(engine, "SIGKILL");
  }
  endPrograms(engine);
}
