import { CommandError, EXIT, interruptedExit, makeRunFolder, provenance, writeRunFile } from "@goldenring/run-kit";
import { messageOf, type Stand, serviceUrl } from "@goldenring/stand";
import { type Experiment, serviceOf } from "../experiment/experiment.ts";
import { NotAvailable } from "../faults/fault.ts";
import { deviationsIn, judgeRun } from "../judge/figure.ts";
import { ENDS, type ExperimentRun, type JudgedExpectation, type RoundRecord, RUN_FILES } from "../run/record.ts";
import { secretEnvironment } from "../service/secrets.ts";
import { connectionStringOf } from "../stored/own-database.ts";
import { openFaults } from "../undo/open-fault.ts";
import { undoAll } from "../undo/undo.ts";
import { writeMarks } from "./fault-marks.ts";
import { takeEngineLock } from "./lock.ts";
import { runRound } from "./round.ts";
import { openRunJournal, type RunContext } from "./run-context.ts";
import { Aborted } from "./safety.ts";
import { NotUndone } from "./stages.ts";
import { NotSteady } from "./until-steady.ts";

export interface RunOptions extends Pick<RunContext, "stand" | "monitoring" | "signal" | "log"> {
  readonly runs: string;
  /** Instead of the experiment's own. */
  readonly rounds?: number | undefined;
  /** Instead of the one of the service file, or the stand's ingress. */
  readonly target?: string | undefined;
}

/**
 * Runs an experiment. What an earlier run has left open is undone first; what this one does is undone whatever happens, or the record says that
 * it is not.
 *
 * @throws {CommandError} where nothing has started: busy, a fault of an earlier run that cannot be undone, no target
 */
export async function runExperiment(experiment: Experiment, options: RunOptions) {
  const { stand, monitoring, signal, runs, log } = options;
  const service = serviceOf(experiment);
  const target = options.target ?? service.target ?? serviceUrl(stand);
  if (target === undefined)
    throw new CommandError(`The stand ${stand.name} has no ingress: name the service to load with --target.`, "usage");
  if (service.database && service.database !== "stand") connectionStringOf(service.database);
  secretEnvironment(service);
  const lock = await takeEngineLock(stand.folder, experiment.id);
  try {
    await undoWhatIsOpen(stand, log);
    const startedAt = new Date();
    const { id, folder } = await makeRunFolder(runs, experiment.id, startedAt);
    const journal = openRunJournal(folder, log);
    const ofRun = { id, experiment, target, folder, journal, open: openFaults(stand.folder) };
    const context: RunContext = { ...ofRun, stand, lock, monitoring, signal, log };
    const { rounds, ended } = await runRounds(context, options.rounds ?? experiment.rounds);
    const expectations = judgeRun(experiment.expectations, rounds);
    const { endedBy, ending } = endOf(ended, expectations, signal);
    journal.write("judged", ending);
    const record: ExperimentRun = {
      version: 2,
      id,
      experiment,
      startedAt: startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      endedBy,
      ending,
      exit: ENDS[endedBy].exit,
      stand: { name: stand.name, kind: stand.lab ? "lab" : "machines", target },
      ...(await provenance()),
      rounds,
      expectations,
      journal: journal.lines,
    };
    journal.close();
    writeRunFile(folder, RUN_FILES.record, record);
    return { record, folder };
  } finally {
    lock.release();
  }
}

async function undoWhatIsOpen(stand: Stand, log: (text: string) => void): Promise<void> {
  const { notUndone } = await undoOpenFaults(stand, log);
  if (notUndone.length === 0) return;
  const left = notUndone.map(({ fault, why }) => `${fault.machine}: "${fault.words}": ${why}`).join("\n");
  throw new CommandError(`Faults of an earlier run are still active and cannot be undone:\n${left}`, "notUndone");
}

/** @returns its `ended`: why the last round ended early; undefined: all ran to their ends */
async function runRounds(context: RunContext, count: number) {
  const rounds: RoundRecord[] = [];
  let ended: unknown;
  for (let number = 1; number <= count && ended === undefined; number += 1) {
    context.log(`round ${number} of ${count}: waiting until everything is steady`);
    try {
      const round = await runRound(context, number);
      rounds.push(round.record);
      ended = round.ended;
    } catch (error) {
      ended = error;
    }
  }
  return { rounds, ended };
}

type End = Pick<ExperimentRun, "endedBy" | "ending">;

function endOf(ended: unknown, expectations: readonly JudgedExpectation[], signal: AbortSignal): End {
  const ending = messageOf(ended);
  if (ended instanceof NotUndone) return { endedBy: "not-undone", ending };
  if (ended instanceof NotAvailable) return { endedBy: "not-available", ending };
  if (signal.aborted) {
    const endedBy = interruptedExit(signal) === EXIT.terminated ? "terminated" : "interrupted";
    return { endedBy, ending: "It was interrupted; everything is undone." };
  }
  if (ended instanceof Aborted) return { endedBy: "aborted", ending: `Aborted: ${ending}` };
  if (ended instanceof NotSteady) return { endedBy: "not-steady", ending };
  if (ended !== undefined) return { endedBy: "failed", ending };
  const deviations = deviationsIn(expectations).map(({ words }) => words);
  if (deviations.length === 0) return { endedBy: "held", ending: "The hypothesis held." };
  return { endedBy: "deviated", ending: `Not as expected: ${deviations.join("; ")}.` };
}

/** Undoes what is written down as open, under the engine's lock. @returns how many are undone, and those that are not */
export async function undoOpenFaults(stand: Stand, log: (text: string) => void) {
  const open = openFaults(stand.folder);
  const faults = open.list();
  for (const { machine, words, writtenAt } of faults)
    log(`${machine}: "${words}" of ${writtenAt} may be active: undoing it`);
  await writeMarks(stand, "");
  const notUndone = await undoAll(stand, open, faults, ({ machine, words }) => log(`${machine}: "${words}" is undone`));
  stand.disconnect();
  return { undone: faults.length - notUndone.length, notUndone };
}
