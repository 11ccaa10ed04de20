import { CommandError, columns, EXIT, type Output, plural } from "@goldenring/run-kit";
import { OPERATOR, steadyState } from "@goldenring/stand";
import { EXPERIMENTS, loadExperiment, SUITES, type Suite } from "../book/registry.ts";
import { assertInjectable } from "../engine/inject.ts";
import { type Expectation, type Experiment, serviceOf, withService } from "../experiment/experiment.ts";
import { siteOf } from "../faults/fault.ts";
import { descriptionOf } from "../faults/registry.ts";
import { backgroundText, loadText, targetText } from "../report/words.ts";
import { readService } from "../service/read-service.ts";
import type { Service } from "../service/service.ts";
import type { ChaosDeps } from "./deps.ts";

export function list(output: Output, json: boolean): void {
  if (json) {
    const rows = EXPERIMENTS.map(({ id, title, hypothesis, rounds }) => {
      const suites = Object.entries<Suite>(SUITES).filter(([, { experiments }]) => experiments.includes(id));
      return { id, title, hypothesis, rounds, suites: suites.map(([name]) => name) };
    });
    output.result(JSON.stringify(rows, null, 2));
    return;
  }
  output.result(columns(EXPERIMENTS.map(({ id, rounds, title }) => [id, `${rounds}x`, title])).join("\n"));
  output.result("\nSuites (ring chaos run --suite <name>):");
  for (const [name, { about, experiments }] of Object.entries<Suite>(SUITES))
    output.result(`  ${name}: ${about}\n    ${name === "all" ? `all ${experiments.length}` : experiments.join(" ")}`);
}

export interface PlanCommandOptions {
  readonly json: boolean;
  readonly service?: string;
}

/** An experiment, with the service of a file where one is named. @throws {CommandError} (usage) */
export async function loadWithService(idOrFile: string, service: string | undefined): Promise<Experiment> {
  const experiment = await loadExperiment(idOrFile);
  return service === undefined ? experiment : withService(experiment, await readService(service));
}

/** What an experiment would do, in words or as data, and whether the stand is fit for it. Injects nothing. @throws {CommandError} where it is not */
export async function plan(idOrFile: string, { json, service }: PlanCommandOptions, deps: ChaosDeps): Promise<void> {
  const { log, result } = deps.output;
  const experiment = await loadWithService(idOrFile, service);
  result(json ? JSON.stringify(experiment, null, 2) : planText(experiment));
  const unchecked = await check(experiment, deps);
  log(unchecked === undefined ? "checked: each fault can be injected as things stand" : `not checked: ${unchecked}`);
}

/** @returns why it could not be checked */
async function check(experiment: Experiment, deps: ChaosDeps): Promise<string | undefined> {
  const found = await deps.stand().catch((error: unknown) => {
    if (error instanceof CommandError && error.exitCode !== EXIT.usage) return error.message;
    throw error;
  });
  if (typeof found === "string") return found;
  const { stand } = found;
  const targets = experiment.stages.flatMap(({ faults }) => faults.map(({ on }) => on));
  if (stand.machines.length === 0 && targets.some((target) => target !== OPERATOR)) return "there is no inventory";
  try {
    const state = await steadyState(stand, { cluster: experiment.steadyState.cluster, guardian: undefined });
    if ("missing" in state) return state.missing;
    await assertInjectable(experiment, siteOf(stand, state.roles, 1));
    return undefined;
  } finally {
    stand.disconnect();
  }
}

function planText(experiment: Experiment): string {
  const { id, title, hypothesis, steadyState, load, stages, expectations, abortWhen, rounds } = experiment;
  const isLongest = stages.some(({ secondsAfterAlerts }) => secondsAfterAlerts !== undefined);
  const length = stages.reduce((sum, { seconds }) => sum + seconds, steadyState.loadSeconds);
  return [
    `${id}: ${title}`,
    "",
    `Hypothesis: ${hypothesis}`,
    `Steady state, before and after: ${steadyState.words}`,
    `Load: ${loadText(experiment)}; background: ${backgroundText(load)}`,
    ...requestsOf(serviceOf(experiment)),
    "",
    "Stages:",
    ...stages.map(stageText),
    "",
    "Expected:",
    ...expectations.flatMap((each) => [
      `  ${each.words}${limitText(each)}`,
      ...(each.mayCome ?? []).map(({ alert, why }) => `    ${alert}: ${why}`),
    ]),
    ...(abortWhen.length === 0 ? [] : ["", "Aborted when:", ...abortWhen.map(({ words }) => `  ${words}`)]),
    "",
    `${plural(rounds, "round")} of ${length} s${isLongest ? " at most" : ""} and the time to recover`,
  ].join("\n");
}

/** The requests that the probe sends. */
function requestsOf({ start, reads, writes }: Service): string[] {
  const of = (method: string, path: string, more = ""): string => `  ${method} ${path}${more}`;
  return [
    ...start.map(({ method, path }) => of(method, path, " (once)")),
    ...writes.flatMap(({ method, path, item, change, remove }) => [
      of(method, path),
      ...(item ? [of("GET", item.path, " (reads it back)")] : []),
      ...(change ? [of(change.method, change.path)] : []),
      ...(remove === undefined ? [] : [of("DELETE", remove, " (at the end)")]),
    ]),
    ...reads.map(({ path, lists }) => of("GET", path, lists === false ? "" : " (shows what was written)")),
  ];
}

const AFTERWARDS = {
  undo: "then undone",
  recover: "then undone, and everything must be as before",
  keep: "lasts until the last stage is over",
} as const;

function stageText({ name, faults, seconds, secondsAfterAlerts, after }: Experiment["stages"][number]): string {
  const what = faults.map((use) => `${use.on}: ${descriptionOf(use)}`);
  const length =
    secondsAfterAlerts === undefined
      ? `${seconds} s`
      : `until ${secondsAfterAlerts} s after its alerts, which it awaits for ${seconds} s`;
  return `  ${name}, ${length}: ${faults.length === 0 ? "nothing is injected" : [...what, AFTERWARDS[after]].join("; ")}`;
}

function limitText(expectation: Expectation): string {
  const { metric, during } = expectation;
  const target = targetText(expectation);
  const where = during === undefined ? "" : `, in ${during.join(", ")}`;
  return ` (${target === undefined ? `measured: ${metric}` : `${metric} ${target}`}${where})`;
}
