import { monotonicMs } from "../clock.ts";
import type { Experiment, Stage } from "../experiment/experiment.ts";
import type { Site } from "../faults/fault.ts";
import type { FaultRecord, StageRecord } from "../run/record.ts";
import type { OpenFault } from "../undo/open-fault.ts";
import { undoAll } from "../undo/undo.ts";
import { inject } from "./inject.ts";
import type { MonitoringWatch } from "./monitoring-watch.ts";
import type { RunContext } from "./run-context.ts";

/** From the planned end of a fault until its machine ends it itself. */
const MARGIN_S = 180;

export interface StagesContext extends Pick<RunContext, "experiment" | "id" | "open" | "journal"> {
  readonly site: Site;
  readonly showFaults: () => void;
  /** Its `during` lasts as long as a stage after its injections. */
  readonly watch: Pick<MonitoringWatch, "during">;
  /** Beginning of the round, ms of the shared clock. */
  readonly from: number;
  /** Ends the stages early: everything is undone, and its reason is thrown. */
  readonly signal: AbortSignal;
  /** Resolves when everything is as before. */
  readonly untilRecovered: () => Promise<unknown>;
}

/** A fault that is still active, whatever was tried. */
export class NotUndone extends Error {
  override readonly name = "NotUndone";
}

/** A fault ended before its stage did: what the clients saw is no evidence about it. */
class EndedBefore extends Error {
  override readonly name = "EndedBefore";
}

type Active = Map<OpenFault, FaultRecord>;

/** Runs the stages of a round, and records them. All its faults are undone when it returns or throws, or it throws `NotUndone`. */
export async function runStages(context: StagesContext, stages: StageRecord[]): Promise<void> {
  const { experiment, journal, signal, watch, untilRecovered, from } = context;
  const active: Active = new Map();
  try {
    for (const [index, stage] of experiment.stages.entries()) {
      signal.throwIfAborted();
      const begin = sinceRound(from);
      const record: StageRecord = { name: stage.name, from: begin, to: begin, faults: [] };
      stages.push(record);
      try {
        journal.write("stage", `${stage.name}: ${stage.seconds} s`);
        await injectAll(stage, plannedSeconds(experiment, index) + MARGIN_S, context, record, active);
        await watch.during(stage, signal);
        if (stage.after === "keep") continue;
        const own = [...active.keys()].filter((fault) => record.faults.some((each) => each === active.get(fault)));
        await undo(own, active, context);
        if (stage.after === "recover") await untilRecovered();
      } finally {
        record.to = sinceRound(from);
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    await undo([...active.keys()], active, context);
    for (const stage of stages) stage.to = Math.max(stage.to, ...stage.faults.map(({ undoneAt }) => undoneAt ?? 0));
  }
}

async function injectAll(
  stage: Stage,
  endsAfterSeconds: number,
  context: StagesContext,
  { faults }: StageRecord,
  active: Active,
): Promise<void> {
  const { site, journal, showFaults, signal, from } = context;
  for (const use of stage.faults) {
    for (const machine of site.resolve(use.on)) {
      signal.throwIfAborted();
      const onWritten = (fault: OpenFault): void => {
        const { kind, words } = fault;
        const record = { kind, machine, words, at: sinceRound(from), injectedAt: null, undoneAt: null };
        faults.push(record);
        active.set(fault, record);
        showFaults();
        journal.write("undo-written", `the undo of "${words}" is on disk`, machine);
      };
      await inject({ use, machine, endsAfterSeconds }, context, onWritten);
      const done = faults.at(-1);
      if (done) done.injectedAt = sinceRound(from);
      journal.write("injected", done?.words ?? use.fault, machine);
    }
  }
}

/** From the beginning of a stage to the undo of its faults, by plan. */
function plannedSeconds({ stages, steadyState }: Experiment, index: number): number {
  const [stage, ...later] = stages.slice(index);
  if (stage?.after !== "keep") return stage?.seconds ?? 0;
  const recoveries = later.filter(({ after }) => after === "recover").length * steadyState.deadlineSeconds;
  return stage.seconds + later.reduce((sum, { seconds }) => sum + seconds, recoveries);
}

async function undo(faults: readonly OpenFault[], active: Active, context: StagesContext): Promise<void> {
  if (faults.length === 0) return;
  const { site, open, journal, showFaults, from, signal } = context;
  const ended: string[] = [];
  const left = await undoAll(site.stand, open, faults, (fault, endedBefore) => {
    const { machine, words } = fault;
    const record = active.get(fault);
    if (record) record.undoneAt = sinceRound(from);
    if (endedBefore && record && record.injectedAt !== null) ended.push(`${machine}: "${words}"`);
    showFaults();
    journal.write("undone", words, machine);
  });
  // What could not be undone is left to `recover`, and not tried again here.
  for (const fault of faults) active.delete(fault);
  for (const { fault, why } of left) journal.write("not-undone", `${fault.words}: ${why}`, fault.machine);
  const why = left.map(({ fault, why }) => `${fault.machine}: "${fault.words}" is not undone: ${why}`);
  if (why.length > 0) throw new NotUndone(why.join("\n"));
  if (ended.length > 0 && !signal.aborted)
    throw new EndedBefore(`${ended.join(", ")} had ended before its time; not this run ended it.`);
}

const sinceRound = (from: number): number => Math.round(monotonicMs() - from);
