import { monotonicMs } from "../clock.ts";
import type { Experiment, Stage } from "../experiment/experiment.ts";
import type { Site } from "../faults/fault.ts";
import type { StageRecord } from "../run/record.ts";
import type { OpenFault, OpenFaults } from "../undo/open-fault.ts";
import { undoAll } from "../undo/undo.ts";
import type { FaultMarks } from "./fault-marks.ts";
import { inject } from "./inject.ts";
import type { RunJournal } from "./run-journal.ts";

/** From the planned end of a fault until its machine ends it itself. */
const MARGIN_S = 180;

export interface StagesContext {
  readonly experiment: Experiment;
  readonly run: string;
  readonly site: Site;
  readonly open: OpenFaults;
  readonly journal: RunJournal;
  readonly marks: FaultMarks;
  /** Beginning of the round, ms of the shared clock. */
  readonly from: number;
  /** Ends the stages early: everything is undone, and its reason is thrown. */
  readonly signal: AbortSignal;
  /** Lasts as long as a stage after its injections. */
  readonly during: (stage: Stage, signal: AbortSignal) => Promise<void>;
  /** Resolves when everything is as before. */
  readonly untilSteady: () => Promise<void>;
}

/** A fault that is still active, whatever was tried. */
export class NotUndone extends Error {
  override readonly name = "NotUndone";
}

/** A fault ended before its stage did: what the clients saw is no evidence about it. */
class EndedBefore extends Error {
  override readonly name = "EndedBefore";
}

interface ActiveFault {
  readonly fault: OpenFault;
  readonly record: Writable<StageRecord["faults"][number]>;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Runs the stages of a round. Whatever happens, all its faults are undone when it returns or throws, or it throws `NotUndone`.
 *
 * @param stages gets a record of each stage, as far as it came
 */
export async function runStages(context: StagesContext, stages: StageRecord[]): Promise<void> {
  const { experiment, signal, during, untilSteady, from } = context;
  const active: ActiveFault[] = [];
  try {
    for (const [index, stage] of experiment.stages.entries()) {
      signal.throwIfAborted();
      const record: Writable<StageRecord> = {
        name: stage.name,
        from: sinceRound(from),
        to: sinceRound(from),
        faults: [],
      };
      stages.push(record);
      try {
        const own = await injectAll(stage, index, context, record, active);
        await during(stage, signal);
        if (stage.after === "keep") continue;
        await undo(own, active, context);
        if (stage.after === "recover") await untilSteady();
      } finally {
        record.to = sinceRound(from);
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    await undo([...active], active, context);
    for (const stage of stages) stage.to = Math.max(stage.to, ...stage.faults.map(({ undoneAt }) => undoneAt ?? 0));
  }
}

async function injectAll(
  stage: Stage,
  index: number,
  context: StagesContext,
  record: StageRecord,
  active: ActiveFault[],
): Promise<readonly ActiveFault[]> {
  const { site, journal, marks, signal, experiment, from } = context;
  const own: ActiveFault[] = [];
  journal.write("stage", `${stage.name}: ${stage.seconds} s`);
  const endsAfterSeconds = plannedSeconds(experiment, index) + MARGIN_S;
  for (const use of stage.faults) {
    for (const machine of site.resolve(use.on)) {
      signal.throwIfAborted();
      const written = (fault: OpenFault): void => {
        const one = {
          fault,
          record: {
            kind: fault.kind,
            machine,
            words: fault.words,
            at: sinceRound(from),
            injectedAt: null,
            undoneAt: null,
          },
        };
        record.faults.push(one.record);
        own.push(one);
        active.push(one);
        marks.injected(machine, fault.words);
        journal.write("undo-written", `the undo of "${fault.words}" is on disk`, machine);
      };
      await inject(
        { use, machine, endsAfterSeconds },
        { ...context, blastRadius: experiment.blastRadius, onWritten: written },
      );
      const done = own.at(-1);
      if (done) done.record.injectedAt = sinceRound(from);
      journal.write("injected", done?.fault.words ?? use.fault, machine);
    }
  }
  return own;
}

/** From the beginning of a stage to the undo of its faults, by plan. */
function plannedSeconds({ stages, steadyState }: Experiment, index: number): number {
  const [stage, ...later] = stages.slice(index);
  if (stage?.after !== "keep") return stage?.seconds ?? 0;
  const recoveries = later.filter(({ after }) => after === "recover").length * steadyState.deadlineSeconds;
  return stage.seconds + later.reduce((sum, { seconds }) => sum + seconds, recoveries);
}

async function undo(faults: readonly ActiveFault[], active: ActiveFault[], context: StagesContext): Promise<void> {
  if (faults.length === 0) return;
  const { site, open, journal, marks, from, signal } = context;
  const ended: string[] = [];
  const left = await undoAll(
    site.stand,
    open,
    faults.map(({ fault }) => fault),
    (fault, { endedBefore }) => {
      const index = active.findIndex((each) => each.fault === fault);
      const [done] = active.splice(index, 1);
      if (done) done.record.undoneAt = sinceRound(from);
      if (endedBefore && done && done.record.injectedAt !== null) ended.push(`${fault.machine}: "${fault.words}"`);
      marks.undone(fault.machine, fault.words);
      journal.write("undone", fault.words, fault.machine);
    },
  );
  // What could not be undone is left to `recover`, and not tried again here.
  for (const { fault, why } of left) {
    active.splice(
      active.findIndex((each) => each.fault === fault),
      1,
    );
    journal.write("not-undone", `${fault.words}: ${why}`, fault.machine);
  }
  if (left.length > 0)
    throw new NotUndone(
      left.map(({ fault, why }) => `${fault.machine}: "${fault.words}" is not undone: ${why}`).join("\n"),
    );
  if (ended.length > 0 && !signal.aborted)
    throw new EndedBefore(`${ended.join(", ")} had ended before its time; not this run ended it.`);
}

const sinceRound = (from: number): number => Math.round(monotonicMs() - from);
