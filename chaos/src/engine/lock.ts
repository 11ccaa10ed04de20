import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { CHAOS_EXIT, ChaosError } from "../run/exit.ts";
import { processStart } from "../run/processes.ts";

const HELD_AFTER_DEATH_MS = 3_000;

const ProcessId = z.object({ pid: z.int(), startedAt: z.string() });
/** A process that is never taken for another one that got its number later. */
export type ProcessId = z.infer<typeof ProcessId>;

const Engine = ProcessId.extend({
  /** For people: the experiment and its run. */
  what: z.string(),
  since: z.string(),
  /** What it has started. */
  programs: z.array(ProcessId),
});
/** What a running engine says about itself. */
export type Engine = z.infer<typeof Engine>;

/** The right to do faults to a stand. */
export interface Turn {
  /** Names a program that ends with the engine; whoever stops a dead engine ends it. */
  started(pid: number): void;
  release(): void;
}

/**
 * One process at a time may do faults to a stand. The right is an abstract UNIX socket: the kernel gives its name to one process and takes it back
 * when that ends, however it ends.
 *
 * @throws {ChaosError} (busy)
 */
export async function takeTurn(standFolder: string, what: string): Promise<Turn> {
  const folder = join(standFolder, "chaos");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = createHash("sha256").update(resolve(standFolder)).digest("hex").slice(0, 16);
  const socket = await listenInTime(`\0goldenring-chaos-${name}`, standFolder);
  if (!socket) {
    const other = readEngine(standFolder);
    throw new ChaosError(
      `Another experiment is at work on the stand${other ? `: ${other.what} (process ${other.pid})` : ""}. Wait for it, or end it: ring chaos stop`,
      CHAOS_EXIT.busy,
    );
  }
  const file = fileIn(standFolder);
  let engine: Engine = { ...idOf(process.pid), what, since: new Date().toISOString(), programs: [] };
  const write = (): void => {
    writeFileSync(`${file}.new`, JSON.stringify(engine), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  // What a dead engine has started ends now: its probe would be taken for load.
  endPrograms(readEngine(standFolder));
  write();
  return {
    started: (pid) => {
      engine = { ...engine, programs: [...engine.programs, idOf(pid)] };
      write();
    },
    release: () => {
      rmSync(file, { force: true });
      socket.close();
    },
  };
}

/** The engine that is at work on the stand; undefined: none. */
export function runningEngine(standFolder: string): Engine | undefined {
  const engine = readEngine(standFolder);
  return engine && isAlive(engine) ? engine : undefined;
}

export function isAlive({ pid, startedAt }: ProcessId): boolean {
  return processStart(pid) === startedAt;
}

/** Nothing happens when it has ended. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Ends what an engine has started. */
export function endPrograms(engine: Engine | undefined): void {
  for (const program of engine?.programs ?? []) signal(program, "SIGKILL");
}

/** Also of an engine that was killed. */
export function readEngine(standFolder: string): Engine | undefined {
  try {
    return Engine.parse(JSON.parse(readFileSync(fileIn(standFolder), "utf8")));
  } catch {
    return undefined;
  }
}

const fileIn = (standFolder: string): string => join(standFolder, "chaos", "engine.json");

function idOf(pid: number): ProcessId {
  return { pid, startedAt: processStart(pid) ?? "ended" };
}

/** A program that an engine was just starting when it was killed may have the name for a moment longer. */
async function listenInTime(name: string, standFolder: string): Promise<Server | undefined> {
  const giveUpAt = performance.now() + HELD_AFTER_DEATH_MS;
  for (;;) {
    const server = await listen(name);
    if (server || runningEngine(standFolder) || performance.now() > giveUpAt) return server;
    await delay(50);
  }
}

function listen(name: string): Promise<Server | undefined> {
  const server = createServer((asker) => asker.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => resolve(server));
  });
}
