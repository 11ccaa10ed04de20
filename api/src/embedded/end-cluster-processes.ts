import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-database-error.ts";
import { clusterProcesses } from "./processes.ts";
import { signalProcess } from "./signals.ts";
import { waitUntil } from "./wait-until.ts";

/** Milliseconds that each step may take. A checkpoint of a small database on a slow disk needs seconds. */
const FAST_SHUTDOWN = 30_000;
const IMMEDIATE_SHUTDOWN = 5_000;
const KILLED = 5_000;

/**
 * Ends the PostgreSQL on `dataDirectory` (a real path), whoever started it, and with it what a killed one has left; resolves when
 * none of its processes is alive. Asks for a clean shutdown first and gets harsher only when that takes too long;
 * committed data is safe in every case.
 */
export async function endClusterProcesses(dataDirectory: string, log: (message: string) => void): Promise<void> {
  const isGone = (): boolean => clusterProcesses(dataDirectory).length === 0;
  if (!isGone()) {
    log("An earlier run was ended without its PostgreSQL; stopping that one first ...");
    const ended =
      (signalPostmaster(dataDirectory, "SIGINT") && (await waitUntil(isGone, FAST_SHUTDOWN))) ||
      (signalPostmaster(dataDirectory, "SIGQUIT") && (await waitUntil(isGone, IMMEDIATE_SHUTDOWN))) ||
      // Without a postmaster the others end by themselves, unless they are stuck.
      (await waitUntil(isGone, IMMEDIATE_SHUTDOWN)) ||
      (await killAll(dataDirectory, isGone));
    if (!ended) {
      throw new EmbeddedDatabaseError(
        `The PostgreSQL processes ${clusterProcesses(dataDirectory).join(", ")} on ${dataDirectory} cannot be ended.\n` +
          "They belong to another user, or wait for a disk that does not answer.",
      );
    }
  }
  // After a crash the id in this file may by now be another program's, and PostgreSQL would refuse to start. Elsewhere the
  // processes that a postmaster leaves behind cannot all be seen; there PostgreSQL's own check must stay.
  if (process.platform === "linux") rmSync(join(dataDirectory, "postmaster.pid"), { force: true });
}

/** False when there is no postmaster. */
function signalPostmaster(dataDirectory: string, signal: NodeJS.Signals): boolean {
  let pid: number;
  try {
    pid = Number.parseInt(readFileSync(join(dataDirectory, "postmaster.pid"), "utf8"), 10);
  } catch {
    return false;
  }
  if (!clusterProcesses(dataDirectory).includes(pid)) return false;
  signalProcess(pid, signal);
  return true;
}

function killAll(dataDirectory: string, isGone: () => boolean): Promise<boolean> {
  for (const pid of clusterProcesses(dataDirectory)) signalProcess(pid, "SIGKILL");
  return waitUntil(isGone, KILLED);
}
