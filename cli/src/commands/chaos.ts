import {
  type AlertsSince,
  type AvailableStand,
  type ChaosDeps,
  openFaults,
  recover,
  runningEngine,
} from "@goldenring/chaos";
import { alertLogIn, readAlertLog, receivedAlerts } from "@goldenring/monitoring";
import { CommandError, EXIT, runsFolder, TerminalOutput } from "@goldenring/run-kit";
import { openStand } from "@goldenring/stand";
import { assertIsUp, type Context } from "../context.ts";
import type { Progress } from "../progress.ts";
import { guardianOf } from "../stand-programs.ts";

/** The dependencies of `ring chaos`: the stand, and its host where that is this computer. */
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

/** @throws {CommandError} (busy) while an experiment runs on the stand */
export function assertNoExperiment({ folder }: Context): void {
  const engine = runningEngine(folder);
  if (engine === undefined) return;
  throw new CommandError(
    `An experiment is running on the stand: ${engine.what} (process ${engine.pid}). Wait for it, or stop it: ring chaos stop`,
    EXIT.busy,
  );
}

/** Undoes the faults that a killed experiment left open. @throws {CommandError} where one cannot be undone */
export async function undoOpenFaults(context: Context, progress: Progress, signal: AbortSignal): Promise<void> {
  if (openFaults(context.folder).length === 0) return;
  const code = await progress.step("Open faults of an experiment", (log) =>
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
  throw new CommandError(
    "Not all faults of an experiment could be undone. `ring chaos recover` names them and tries again.",
  );
}
