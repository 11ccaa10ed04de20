import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { byRole, messageOf, type StandRoles } from "@goldenring/stand";
import { monotonicMs } from "../clock.ts";
import { serviceOf } from "../experiment/experiment.ts";
import { type Site, siteOf } from "../faults/fault.ts";
import { newRunName } from "../history/values.ts";
import { judgeRound } from "../judge/figure.ts";
import type { FaultRecord, StageRecord } from "../run/record.ts";
import { forgetLeftValues, forgetValues, leftValues } from "../stored/weather-rows.ts";
import { faultMarks, metricsOf } from "./fault-marks.ts";
import { assertInjectable } from "./inject.ts";
import { readFailover } from "./journals.ts";
import { type MonitoringWatch, untilQuiet, watchMonitoring } from "./monitoring-watch.ts";
import { startObservers } from "./observers.ts";
import { readEvidence, roundRecord } from "./round-record.ts";
import type { RunContext } from "./run-context.ts";
import { Aborted, watchSafety } from "./safety.ts";
import { cleanUpPlan, deleteByPlan, readBackAll } from "./service-end.ts";
import { runStages } from "./stages.ts";
import { watchStates } from "./state-watch.ts";
import { NotSteady, untilSteady } from "./until-steady.ts";

/**
 * Steady, load, stages, recovery, judgement. Whatever happens, the faults are undone or `ended` is a `NotUndone`, and the observers have ended.
 *
 * @returns its `ended`: why it ended early; undefined: it ran to its end
 * @throws when it ended before there was anything to judge
 */
export async function runRound(context: RunContext, number: number) {
  const { stand, experiment, journal } = context;
  const note = (why: string): void => journal.write("note", why);
  await untilSteady(context, "may act");
  const firedBefore = await untilQuiet(context);
  const before = await untilSteady(context, "may act");
  journal.write("steady", `everything is steady${before.primary ? `, ${before.primary} is the primary` : ""}`);
  const targets: Record<string, string[]> = {};
  const site = siteOf(stand, before, number, targets);
  // Before the load, so that no experiment stops half-way because a machine, a unit or a program is missing.
  await assertInjectable(experiment, site);
  await forgetLeftValues(stand, note, deleteByPlan);
  const values = newRunName();
  const folder = join(context.folder, `round-${number}`);
  const plan = cleanUpPlan(context, folder);
  if (canForget(context) || plan !== undefined) leftValues(stand.folder).add(values, plan);
  const unsafe = new AbortController();
  const onLost = (why: string): void => unsafe.abort(new Aborted(why));
  const observers = startObservers({ ...context, values, folder, onLost });
  const from = monotonicMs();
  journal.inRound(number, from);
  const startedAt = new Date();
  const stopStates = watchStates(stand, experiment.watch, from);
  const stages: StageRecord[] = [];
  const marks = faultMarks(stand, note);
  const watch = watchMonitoring(context, { startedAt: startedAt.getTime(), firedBefore, stages, targets });
  const safety = watchSafety(context, observers.files, from, unsafe);
  const faults = (): FaultRecord[] => stages.flatMap((stage) => stage.faults);
  const showFaults = (): void => marks.write(metricsOf(experiment.id, startedAt.getTime(), faults()));
  const course: Course = { showFaults, watch, safety, from, before, stages, site, after: undefined, recovery: null };
  const { signal } = safety;
  const logWhyItEnds = (): void =>
    journal.write(context.signal.aborted ? "interrupt" : "abort", messageOf(signal.reason));
  signal.addEventListener("abort", logWhyItEnds, { once: true });
  let ended: unknown;
  try {
    const end = (error: unknown): void => {
      ended ??= error;
    };
    await runCourse(context, course).catch(end);
    safety.stop();
    await observers.stop().catch(end);
    const readBack = await readBackAll(context, observers.files.history, course.after !== undefined);
    const seen = { ...course, targets, ...watch.evidence(), states: await stopStates() };
    const evidence = {
      ...seen,
      ...(await readEvidence(context, { ...observers.files, readBack }, course.after, values)),
    };
    const failover = await readFailover(stand, evidence, startedAt);
    const { history, background, roles } = observers.files;
    const guardian = keepRecording(stand, folder, startedAt);
    const inRun = (file: string): string => relative(context.folder, file);
    const verdicts = judgeRound(experiment.expectations, evidence);
    const files = {
      history: inRun(history),
      background: background && inRun(background),
      roles: roles && inRun(roles),
      guardian: guardian && inRun(guardian),
      ...(readBack && { readBack: inRun(readBack) }),
    };
    const record = roundRecord(
      { ...evidence, failover },
      { number, startedAt: startedAt.toISOString(), targets, verdicts, files },
    );
    await forget(context, evidence.verdict.violations.length, values, plan);
    return { record, ended };
  } finally {
    // The journal ends with the run; a later interruption does not belong to this round.
    signal.removeEventListener("abort", logWhyItEnds);
    safety.stop();
    await observers.stop().catch(() => {});
    await stopStates();
    await marks.clear();
    stand.disconnect();
    journal.inRound(number, undefined);
  }
}

/** @returns the file; null where no guardian has recorded anything */
function keepRecording(stand: RunContext["stand"], folder: string, startedAt: Date): string | null {
  const recorded = stand.guardian()?.recordedSince(startedAt.getTime()) ?? "";
  if (recorded === "") return null;
  const file = join(folder, "guardian.jsonl");
  writeFileSync(file, `${recorded}\n`);
  return file;
}

interface Course {
  readonly showFaults: () => void;
  readonly watch: MonitoringWatch;
  readonly safety: ReturnType<typeof watchSafety>;
  readonly from: number;
  readonly before: StandRoles;
  /** Gets its records as they run. */
  readonly stages: StageRecord[];
  readonly site: Site;
  after: StandRoles | undefined;
  recovery: number | null;
}

async function runCourse(context: RunContext, course: Course): Promise<void> {
  const { stand, experiment, journal } = context;
  const { showFaults, watch, safety, from, stages, site } = course;
  const { signal } = safety;
  const { loadSeconds } = experiment.steadyState;
  await safety.untilServed();
  await delay(loadSeconds * 1_000, undefined, { signal });
  const failed = safety.check().failed();
  if (failed > 0) throw new NotSteady(`${failed} requests failed before any fault: the service is not well.`);
  await watch.ask();
  journal.write("load", `${loadSeconds} s of load without a failure`);
  const untilRecovered = (): Promise<StandRoles> => {
    stand.disconnect();
    return untilSteady({ ...context, signal }, "runs");
  };
  await runStages({ ...context, site, showFaults, watch, from, signal, untilRecovered }, stages);
  const undoneAt = monotonicMs();
  course.after = await untilRecovered();
  course.recovery = Math.round(monotonicMs() - undoneAt);
  journal.write("recovered", `everything is as before after ${(course.recovery / 1_000).toFixed(1)} s`);
  await watch.untilResolved(signal);
  await delay(experiment.leadOutSeconds * 1_000, undefined, { signal });
}

/** The values of the Weather API are deleted in its database. */
function canForget({ stand, experiment }: RunContext): boolean {
  return serviceOf(experiment).database === "stand" && byRole(stand, "postgres").length > 0;
}

/** The values stay where they are evidence. */
async function forget(context: RunContext, violations: number, values: string, plan?: string): Promise<void> {
  const { stand, journal } = context;
  const left = leftValues(stand.folder);
  if (violations > 0) return left.remove(values);
  if (!canForget(context) && plan === undefined) return;
  const why = plan === undefined ? await forgetValues(stand, values) : await deleteByPlan(plan, stand);
  if (why === undefined) left.remove(values);
  else journal.write("note", `its values stay in the service until the next run, or \`ring chaos recover\`: ${why}`);
}
