import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { endClusterProcesses } from "./end-cluster-processes.ts";
import { postgresEnvironment } from "./postgres-environment.ts";
import { openServerLog } from "./server-log.ts";

/** Milliseconds until PostgreSQL must accept connections. Long, because it first replays what a crash has left. */
const START_DEADLINE = 120_000;
const FIRST_PROGRESS = 2_000;
const NEXT_PROGRESS = 10_000;

interface ServerStart {
  /** The server's command; every program in front of it must replace itself by the next, so that the process id stays. */
  readonly command: readonly string[];
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly log: (message: string) => void;
}

/** A running PostgreSQL. */
export interface Server {
  /** Process id of the postmaster. */
  readonly pid: number;
  /** Settles when the server has ended, whoever ended it, with how it ended. */
  readonly ended: Promise<string>;
  /** Ends all connections, writes a checkpoint, and resolves when no process is left. */
  stop(): Promise<void>;
}

/**
 * Starts the server of an existing data directory; resolves when it accepts connections.
 *
 * It runs in a session of its own, so that Ctrl-C in the terminal does not reach it, and does not keep this process alive.
 *
 * @throws EmbeddedDatabaseError with the last lines of the server's log
 */
export async function startServer({ command, dataDirectory, logFile, log }: ServerStart): Promise<Server> {
  const [program = "", ...args] = command;
  const { descriptor, messages } = openServerLog(logFile);
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    env: postgresEnvironment(),
    stdio: ["ignore", descriptor, descriptor],
  });
  closeSync(descriptor);
  child.unref();
  const ended = endOf(child);

  const end = async (): Promise<void> => {
    child.ref();
    await endClusterProcesses(dataDirectory, () => {});
    await ended;
  };
  try {
    const pid = await becomesReady({ child, ended, dataDirectory, log });
    let ending: Promise<void> | undefined;
    return {
      pid,
      ended,
      stop: () => {
        ending ??= end();
        return ending;
      },
    };
  } catch (error) {
    await end();
    const reason = error instanceof Error ? error.message : String(error);
    throw new EmbeddedDatabaseError(
      `PostgreSQL did not start: ${reason}. Its last messages (${logFile}):\n${messages() || "(none)"}`,
    );
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

interface Starting extends Pick<ServerStart, "dataDirectory" | "log"> {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
}

/** Resolves with the process id when the postmaster itself says, in its pid file, that it takes connections. */
async function becomesReady({ child, ended, dataDirectory, log }: Starting): Promise<number> {
  const started = performance.now();
  let progressAt = FIRST_PROGRESS;
  let how: string | undefined;
  ended.then((value) => {
    how = value;
  });
  for (;;) {
    await delay(20);
    if (how !== undefined) throw new Error(`it ended with ${how}`);
    if (child.pid !== undefined && saysReady(dataDirectory, child.pid)) return child.pid;
    const waited = performance.now() - started;
    if (waited > START_DEADLINE) throw new Error(`it took no connections within ${START_DEADLINE / 1000} s`);
    if (waited > progressAt) {
      log(`PostgreSQL is still starting (${Math.round(waited / 1000)} s) ...`);
      progressAt += NEXT_PROGRESS;
    }
  }
}

/** The eighth line of postmaster.pid is the state that pg_ctl waits for, too (LOCK_FILE_LINE_PM_STATUS). */
function saysReady(dataDirectory: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(dataDirectory, "postmaster.pid"), "utf8").split("\n");
    return lines[0] === String(pid) && lines[7]?.trim() === "ready";
  } catch {
    return false;
  }
}
