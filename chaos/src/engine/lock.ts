import { mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isAlive, ProcessId, processIdOf, readJsonFile, replaceFile, sendSignal, takeLock } from "@goldenring/stand";
import * as z from "zod";

/** A program that an engine was just starting when it was killed may hold the lock for a moment longer. */
const HELD_AFTER_DEATH_MS = 3_000;

const Engine = ProcessId.extend({
  /** For people: the experiment, or the command. */
  what: z.string(),
  /** ISO 8601, UTC. */
  since: z.string(),
  programs: z.array(ProcessId),
});
export type Engine = z.infer<typeof Engine>;

export type EngineLock = Awaited<ReturnType<typeof takeEngineLock>>;

/** One process at a time may inject faults into a stand, or undo them. @param what for people @throws {LockHeld} */
export async function takeEngineLock(standFolder: string, what: string) {
  const file = engineFile(standFolder);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const waitMs = runningEngine(standFolder) ? 0 : HELD_AFTER_DEATH_MS;
  const refusal = "Another experiment runs on the stand; wait for it, or end it by `ring chaos stop`";
  const lock = await takeLock({ key: `chaos ${resolve(standFolder)}`, purpose: what, refusal, waitMs });
  // What a killed engine has started ends here: its probe would count as load.
  endPrograms(readJsonFile(file, Engine));
  const self = processIdOf(process.pid);
  if (self === undefined) throw new Error("this process has no entry in /proc");
  const engine: Engine = { ...self, what, since: new Date().toISOString(), programs: [] };
  const write = (): void => replaceFile(file, JSON.stringify(engine), { mode: 0o600 });
  write();
  return {
    /** Names a program that ends with the engine: the next engine ends it when this one was killed. */
    started: (pid: number): void => {
      const id = processIdOf(pid);
      if (id) engine.programs.push(id);
      write();
    },
    release(): void {
      rmSync(file, { force: true });
      lock.release();
    },
  };
}

/** @returns undefined: no engine works on the stand */
export function runningEngine(standFolder: string): Engine | undefined {
  const engine = readJsonFile(engineFile(standFolder), Engine);
  return engine && isAlive(engine) ? engine : undefined;
}

export function endPrograms(engine: Engine | undefined): void {
  for (const program of engine?.programs ?? []) sendSignal(program, "SIGKILL");
}

const engineFile = (standFolder: string): string => join(standFolder, "chaos", "engine.json");
