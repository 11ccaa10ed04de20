import { spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { clusterProcesses, signalProcess, waitUntil } from "./processes.ts";

/** Long, because PostgreSQL first replays what a crash has left. */
const START_DEADLINE_MS = 120_000;
const PROGRESS_INTERVAL_MS = 5_000;

/** The steps of a shutdown: fast, immediate, killed. A checkpoint of a small database on a slow disk needs seconds. */
const SHUTDOWN = [
  { signal: "SIGINT", deadlineMs: 30_000 },
  { signal: "SIGQUIT", deadlineMs: 5_000 },
  { signal: "SIGKILL", deadlineMs: 5_000 },
] as const;

const MAX_LOG_BYTES = 4 * 1024 * 1024;
const SHOWN_LOG_LINES = 12;

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
  /** Settles when the server has ended, for any reason, with how it ended. */
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
  if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
  // A file and not a pipe, so that the server can write its last messages when its parent was killed.
  const descriptor = openSync(logFile, "a", 0o600);
  const logStartBytes = fstatSync(descriptor).size;
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    env: postgresEnvironment(),
    stdio: ["ignore", descriptor, descriptor],
  });
  closeSync(descriptor);
  child.unref();
  let how: string | undefined;
  const ended = new Promise<string>((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  ended.then((value) => {
    how = value;
  });

  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    child.ref();
    await endClusterProcesses(dataDirectory, () => {});
    await ended;
  };
  const stop = (): Promise<void> => {
    ending ??= end();
    return ending;
  };

  const startedMs = performance.now();
  const progress = setInterval(() => {
    log(`PostgreSQL is still starting (${Math.round((performance.now() - startedMs) / 1000)} s) ...`);
  }, PROGRESS_INTERVAL_MS);
  const isReady = () => how !== undefined || acceptsConnections(dataDirectory, child.pid);
  const isInTime = await waitUntil(isReady, START_DEADLINE_MS);
  clearInterval(progress);
  if (isInTime && how === undefined && child.pid !== undefined) return { pid: child.pid, ended, stop };

  const reason = how === undefined ? `no connections within ${START_DEADLINE_MS / 1000} s` : `it ended with ${how}`;
  await stop();
  const messages = readFileSync(logFile).subarray(logStartBytes).toString("utf8").trimEnd().split("\n");
  throw new EmbeddedDatabaseError(
    `PostgreSQL did not start: ${reason}. Its last messages (${logFile}):\n${messages.slice(-SHOWN_LOG_LINES).join("\n") || "(none)"}`,
  );
}

/** The eighth line of postmaster.pid is the state that pg_ctl waits for, too (LOCK_FILE_LINE_PM_STATUS). */
function acceptsConnections(dataDirectory: string, pid: number | undefined): boolean {
  const lines = readPidFile(dataDirectory);
  return pid !== undefined && lines[0] === String(pid) && lines[7]?.trim() === "ready";
}

function readPidFile(dataDirectory: string): readonly string[] {
  try {
    return readFileSync(join(dataDirectory, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return [];
  }
}

/**
 * Ends the PostgreSQL on `dataDirectory` (a real path), no matter which process started it, and what a killed one has left;
 * resolves when none of its processes is alive. Uses a harsher signal only when a clean shutdown takes too long; committed data
 * is safe in every case.
 */
export async function endClusterProcesses(dataDirectory: string, log: (message: string) => void): Promise<void> {
  const processes = (): number[] => clusterProcesses(dataDirectory);
  if (processes().length > 0) log("An earlier run ended without its PostgreSQL; stopping that one first ...");
  for (const { signal, deadlineMs } of SHUTDOWN) {
    // A shutdown is the postmaster's work; what it leaves behind is killed.
    const postmaster = Number(readPidFile(dataDirectory)[0]);
    const targets = processes().filter((pid) => signal === "SIGKILL" || pid === postmaster);
    for (const pid of targets) signalProcess(pid, signal);
    if (targets.length > 0) await waitUntil(() => processes().length === 0, deadlineMs);
  }
  if (processes().length > 0) {
    throw new EmbeddedDatabaseError(
      `The PostgreSQL processes ${processes().join(", ")} on ${dataDirectory} cannot be ended.\n` +
        "They belong to another user, or wait for a disk that does not answer.",
    );
  }
  // After a crash the id in this file may now be another program's, and PostgreSQL would refuse to start. Elsewhere the
  // processes that a postmaster leaves behind cannot all be seen; there PostgreSQL's own check must stay.
  if (process.platform === "linux") rmSync(join(dataDirectory, "postmaster.pid"), { force: true });
}

/** PostgreSQL must not pick up settings (PGDATA, PGOPTIONS, LC_ALL, TZ ...) from the terminal it was started in. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}
