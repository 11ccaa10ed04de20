import {
  type AlertsSince,
  type AvailableStand,
  type ChaosDeps,
  openFaults,
  recover,
  runningEngine,
} from "@goldenring/chaos";
import { alertLogIn, readAlertLog, receivedAlerts } from "@goldenring/monitoring";
import { runsFolder, TerminalOutput } from "@goldenring/run-kit";
import { openStand } from "@goldenring/stand";
import type { Context } from "../context.ts";
import { EXIT, RingError } from "../exit.ts";
import type { Progress } from "../progress.ts";
import { guardianOf } from "../stand-programs.ts";
import { assertIsUp } from "./status.ts";

/** What `ring chaos` gets: the stand, with its host where that is this computer. */
export function chaosDeps(
  openContext: () => Promise<Context>,
  signal: AbortSignal,
  outcome: { exitCode: number },
): ChaosDeps {
  const stand = async (): Promise<AvailableStand> => availableStand(await openContext());
  return { output: new TerminalOutput({ withTime: true }), signal, outcome, runs: runsFolder("chaos"), stand };
}

async function availableStand(context: Context): Promise<AvailableStand> {
  const { folder, lab } = context;
  const inventory = await context.inventory();
  if (lab === undefined) return { stand: openStand({ inventory, folder }), isOurs: false };
  assertIsUp(await lab.status());
  const guardian = (): number | undefined => {
    const { isRunning, report } = guardianOf(folder, inventory.file).state;
    return isRunning ? report?.pid : undefined;
  };
  return { stand: openStand({ inventory, folder, lab, guardian }), alertsSince: alertsIn(folder), isOurs: true };
}

function alertsIn(folder: string): AlertsSince {
  return (since) =>
    receivedAlerts(readAlertLog(alertLogIn(folder))).filter(({ arrivedAt }) => Date.parse(arrivedAt) >= since);
}

/** @throws {RingError} (busy) while an experiment does faults to the stand */
export function assertNoExperiment({ folder }: Context): void {
  const engine = runningEngine(folder);
  if (engine === undefined) return;
  throw new RingError(
    `An experiment is at work on the stand: ${engine.what} (process ${engine.pid}). Wait for it, or end it: ring chaos stop`,
    EXIT.busy,
  );
}

/** Undoes what a killed experiment has left, if it has. @throws {RingError} where something stays */
export async function undoOpenFaults(context: Context, progress: Progress, signal: AbortSignal): Promise<void> {
  if (openFaults(context.folder).length === 0) return;
  const code = await progress.step("Faults that an experiment has left", (log) =>
    recover({
      output: { log, live: () => {}, result: log },
      signal,
      outcome: { exitCode: EXIT.ok },
      runs: runsFolder("chaos"),
      stand: () => availableStand(context),
    }),
  );
  if (code === EXIT.ok) return;
  signal.throwIfAborted();
  throw new RingError(
    "Not all faults of an experiment could be undone. `ring chaos recover` says which, and tries again.",
  );
}
