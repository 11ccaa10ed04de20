import { join, relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { byRole, type StandRoles } from "@goldenring/stand";
import { monotonicMs } from "../clock.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Site } from "../faults/fault.ts";
import { resolveTarget } from "../faults/target.ts";
import { newRunName } from "../history/values.ts";
import { judgeRound } from "../judge/judge.ts";
import type { RoundRecord, StageRecord } from "../run/record.ts";
import { forgetLeftValues, forgetValues, LeftValues } from "../stored/left-values.ts";
import { FaultMarks } from "./fault-marks.ts";
import { gatherEvidence } from "./gather-evidence.ts";
import { MonitoringWatch, untilQuiet } from "./monitoring-watch.ts";
import { Observers } from "./observers.ts";
import { roundRecord } from "./round-record.ts";
import type { RunContext } from "./run-context.ts";
import { watchSafety } from "./safety.ts";
import { runStages } from "./stages.ts";
import { StateWatch } from "./state-watch.ts";
import { NotSteady, untilSteady } from "./until-steady.ts";

export interface FinishedRound {
  readonly record: RoundRecord;
  /** Why it ended early; undefined: it ran to its end. */
  readonly ended: unknown;
}

/**
 * Steady, load, stages, recovery, judgement. Whatever happens, the faults are undone or `ended` is a `NotUndone`, and the observers have ended.
 *
 * @throws when it ended before there was anything to judge
 */
export async function runRound(context: RunContext, number: number): Promise<FinishedRound> {
  const { stand, experiment, journal } = context;
  await untilSteady(stand, experiment.steadyState, context);
  const firedBefore = await untilQuiet(context, context.signal);
  const before = await untilSteady(stand, experiment.steadyState, context);
  const leader = before.primary === undefined ? "" : `, ${before.primary} is the primary`;
  journal.write("steady", `everything is steady${leader}`);
  await forgetLeftValues(stand, (why) => journal.write("note", why));
  const folder = join(context.folder, `round-${number}`);
  const values = newRunName();
  if (canForget(context)) new LeftValues(stand.folder).add(values);
  let lost: (why: string) => void = () => {};
  const observers = new Observers({ ...context, values, folder, onLost: (why) => lost(why) });
  const from = monotonicMs();
  journal.inRound(number, from);
  const startedAt = new Date();
  const states = new StateWatch(stand, experiment.watch, from);
  const stages: StageRecord[] = [];
  const marks = new FaultMarks(stand, experiment.id, (why) => journal.write("note", why));
  const targets: Record<string, string[]> = {};
  const watch = new MonitoringWatch(context, { startedAt: startedAt.getTime(), firedBefore, stages, targets });
  const begun = { marks, watch, from, before, stages, targets };
  const course: Course = { ...begun, after: undefined, recovery: null, ended: undefined };
  const safety = watchSafety(context, observers.files, from);
  lost = safety.lost;
  const logWhyItEnds = (): void =>
    journal.write(context.signal.aborted ? "interrupt" : "abort", endingOf(safety.signal.reason));
  safety.signal.addEventListener("abort", logWhyItEnds, { once: true });
  try {
    const end = (error: unknown): void => {
      course.ended ??= error;
    };
    await runCourse(context, number, course, safety).catch(end);
    safety.stop();
    await observers.stop().catch(end);
    const seen = { ...watch.evidence, states: await states.stop() };
    const evidence = await gatherEvidence(context, observers.files, { ...course, ...seen, values });
    const record = roundRecord(evidence, {
      number,
      startedAt: startedAt.toISOString(),
      targets,
      verdicts: judgeRound(experiment.expectations, evidence),
      files: filesOf(observers, context.folder),
    });
    await forget(context, evidence.verdict.violations.length, values);
    return { record, ended: course.ended };
  } finally {
    // The journal ends with the run; a later interruption does not belong to this round.
    safety.signal.removeEventListener("abort", logWhyItEnds);
    safety.stop();
    observers.kill();
    await states.stop();
    await marks.clear();
    stand.disconnect();
    journal.inRound(number, undefined);
  }
}

interface Course {
  readonly marks: FaultMarks;
  readonly watch: MonitoringWatch;
  readonly from: number;
  readonly before: StandRoles;
  /** Gets its records as they run. */
  readonly stages: StageRecord[];
  /** Gets the machines of each target. */
  readonly targets: Record<string, string[]>;
  after: StandRoles | undefined;
  recovery: number | null;
  ended: unknown;
}

async function runCourse(context: RunContext, number: number, course: Course, safety: ReturnType<typeof watchSafety>) {
  const { stand, experiment, journal } = context;
  const { marks, watch, before, from, stages, targets } = course;
  const { signal } = safety;
  await leadIn(experiment, safety);
  await watch.ask();
  journal.write("load", `${experiment.steadyState.loadSeconds} s of load without a failure`);
  const resolve: Site["resolve"] = (target) => {
    targets[target] ??= [...resolveTarget(target, stand, before, number)];
    return targets[target];
  };
  // Before the first fault, so that no experiment stops half-way because a machine is missing.
  for (const use of experiment.stages.flatMap(({ faults }) => faults)) resolve(use.on);
  const again = async (): Promise<StandRoles> => {
    stand.disconnect();
    return untilSteady(stand, experiment.steadyState, { signal, log: context.log });
  };
  const during = watch.during.bind(watch);
  await runStages({ ...context, site: { stand, resolve }, marks, from, signal, during, untilSteady: again }, stages);
  const undoneAt = monotonicMs();
  course.after = await again();
  course.recovery = Math.round(monotonicMs() - undoneAt);
  journal.write("recovered", `everything is as before after ${(course.recovery / 1_000).toFixed(1)} s`);
  await watch.untilResolved(signal);
  await delay(experiment.leadOutSeconds * 1_000, undefined, { signal });
}

/** Load without a fault: it must be answered, and nothing may fail. */
async function leadIn({ steadyState }: Experiment, safety: ReturnType<typeof watchSafety>): Promise<void> {
  await safety.untilServed();
  await delay(steadyState.loadSeconds * 1_000, undefined, { signal: safety.signal });
  const { failed } = safety.check();
  if (failed > 0) throw new NotSteady(`${failed} requests failed before any fault: the service is not well.`);
}

/** What a user's own service holds is the user's. */
function canForget({ stand, experiment }: RunContext): boolean {
  return experiment.service === undefined && byRole(stand, "postgres").length > 0;
}

/** The values stay where they are evidence. */
async function forget(context: RunContext, violations: number, values: string): Promise<void> {
  if (!canForget(context)) return;
  const { stand, journal } = context;
  if (violations > 0) return new LeftValues(stand.folder).remove(values);
  const why = await forgetValues(stand, values);
  if (why !== undefined)
    journal.write("note", `its values stay in the service until the next run, or \`ring chaos recover\`: ${why}`);
}

function filesOf({ files: { history, background, roles } }: Observers, runFolder: string): RoundRecord["files"] {
  const inRun = (file: string | undefined): string | null => (file === undefined ? null : relative(runFolder, file));
  return { history: relative(runFolder, history), background: inRun(background), roles: inRun(roles) };
}

/** What ended a round, for people. */
function endingOf(ended: unknown): string {
  return ended instanceof Error ? ended.message : String(ended);
}
