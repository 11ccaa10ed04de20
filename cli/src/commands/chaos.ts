import {
  type AvailableStand,
  type ChaosDeps,
  openFaults,
  recover,
  runningEngine,
  type StandMonitoring,
} from "@goldenring/chaos";
import { recordedSince } from "@goldenring/guardian";
import { alertLogIn, readAlertLog, receivedSince, verifyQueries } from "@goldenring/monitoring";
import { type CommandContext, CommandError, EXIT, runsFolder, terminalOutput } from "@goldenring/run-kit";
import { createPrometheus, openStand } from "@goldenring/stand";
import { assertIsUp, type Context } from "../context.ts";
import { monitoringServers } from "../endpoints.ts";
import { guardianOf } from "../stand-programs.ts";
import { readStatus } from "./status.ts";

/** The dependencies of `ring chaos`: the stand, and its host where that is this computer. */
export function chaosDeps(openContext: () => Promise<Context>, command: CommandContext): ChaosDeps {
  const stand = async (): Promise<AvailableStand> => availableStand(await openContext());
  return { ...command, output: terminalOutput({ withTime: true }), runs: runsFolder("chaos"), stand };
}

async function availableStand(context: Context): Promise<AvailableStand> {
  const { folder, lab } = context;
  const inventory = await context.inventory();
  if (lab === undefined) return { stand: openStand({ inventory, folder }), isOurs: false };
  assertIsUp(await lab.status());
  const guardian = () => {
    const { isRunning, report } = guardianOf(folder, inventory.file).state();
    return isRunning && report
      ? { ...report, recordedSince: (sinceMs: number) => recordedSince(folder, sinceMs) }
      : undefined;
  };
  return { stand: openStand({ inventory, folder, lab, guardian }), monitoring: monitoringOf(context), isOurs: true };
}

function monitoringOf(context: Context): StandMonitoring {
  return {
    alertsSince: (sinceMs) => receivedSince(readAlertLog(alertLogIn(context.folder)), sinceMs),
    async status() {
      const { machines, monitoring, problems } = await readStatus(context);
      const { up = 0, down = [] } = monitoring?.targets ?? {};
      return {
        problems,
        firing: monitoring?.alerts.map(({ name }) => name) ?? [],
        targetsUp: up,
        targets: up + down.length,
        cpuLimits: Object.fromEntries(machines.flatMap(({ name, limit }) => (limit ? [[name, limit.cpu]] : []))),
      };
    },
    async verifyQueries() {
      const { prometheus } = await monitoringServers(context);
      const { checked, findings, failed } = await verifyQueries(createPrometheus(prometheus));
      const declaredEmpty = findings.filter(({ verdict }) => verdict === "declared empty").length;
      return { checked, declaredEmpty, failed: failed.map(({ source }) => source) };
    },
  };
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
export async function undoOpenFaults(context: Context): Promise<void> {
  if (openFaults(context.folder).list().length === 0) return;
  const { progress, signal } = context;
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
