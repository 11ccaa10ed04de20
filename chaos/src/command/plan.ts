import type { Output } from "@goldenring/run-kit";
import { loadExperiment } from "../book/load-experiment.ts";
import type { Expectation, Experiment } from "../experiment/experiment.ts";
import { descriptionOf } from "../faults/registry.ts";

/** What an experiment would do, in words or as data. Does nothing. */
export async function plan(idOrFile: string, json: boolean, output: Output): Promise<void> {
  const experiment = await loadExperiment(idOrFile);
  output.result(json ? JSON.stringify(experiment, null, 2) : planText(experiment));
}

function planText(experiment: Experiment): string {
  const { id, title, hypothesis, steadyState, load, service, stages, expectations, abortWhen, rounds } = experiment;
  const isLongest = stages.some(({ secondsAfterAlerts }) => secondsAfterAlerts !== undefined);
  const length = stages.reduce((sum, { seconds }) => sum + seconds, steadyState.loadSeconds);
  return [
    `${id}: ${title}`,
    "",
    `Hypothesis: ${hypothesis}`,
    `Steady state, before and after: ${steadyState.words}`,
    `Load: reads${service?.writes.length === 0 ? "" : " and writes"} by ${load.clients} ${load.clients === 1 ? "client" : "clients"}, every ${load.intervalMs} ms each${backgroundText(experiment)}`,
    "",
    "Stages:",
    ...stages.map(stageText),
    "",
    "Expected:",
    ...expectations.flatMap(expectationText),
    ...(abortWhen.length === 0 ? [] : ["", "Aborted when:", ...abortWhen.map(({ words }) => `  ${words}`)]),
    "",
    `${rounds} round${rounds === 1 ? "" : "s"} of ${length} s${isLongest ? " at most" : ""} and the time to recover`,
  ].join("\n");
}

function backgroundText({ load: { background } }: Experiment): string {
  return background ? `; ${background.users} users GET ${background.path} every ${background.intervalMs} ms` : "";
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

function expectationText(expectation: Expectation): string[] {
  const { words, mayCome = [] } = expectation;
  return [`  ${words}${limitText(expectation)}`, ...mayCome.map(({ alert, why }) => `    ${alert}: ${why}`)];
}

function limitText({ metric, comparison, limit, unit, during }: Expectation): string {
  const where = during === undefined ? "" : `, in ${during.join(", ")}`;
  return limit === undefined ? ` (measured: ${metric}${where})` : ` (${metric} ${comparison} ${limit} ${unit}${where})`;
}
