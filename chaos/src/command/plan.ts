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
  const length = stages.reduce((sum, { seconds }) => sum + seconds, steadyState.loadSeconds);
  return [
    `${id}: ${title}`,
    "",
    `Hypothesis: ${hypothesis}`,
    `Steady state, before and after: ${steadyState.words}`,
    `Load: ${load.clients} clients read${service && service.writes.length === 0 ? "" : " and write"} every ${load.intervalMs} ms${backgroundText(experiment)}`,
    "",
    "Stages:",
    ...stages.map(stageText),
    "",
    "Expected:",
    ...expectations.map((expectation) => `  ${expectation.words}${limitText(expectation)}`),
    ...(abortWhen.length === 0 ? [] : ["", "Aborted when:", ...abortWhen.map(({ words }) => `  ${words}`)]),
    "",
    `${rounds} round${rounds === 1 ? "" : "s"} of ${length} s and the time to recover`,
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

function stageText({ name, faults, seconds, after }: Experiment["stages"][number]): string {
  const what = faults.map((use) => `${use.on}: ${descriptionOf(use)}`).join("; ");
  return `  ${name}, ${seconds} s: ${what || "nothing is done"}; ${AFTERWARDS[after]}`;
}

function limitText({ metric, comparison, limit, unit, during }: Expectation): string {
  const where = during === undefined ? "" : `, in ${during.join(", ")}`;
  return limit === undefined ? ` (stated: ${metric}${where})` : ` (${metric} ${comparison} ${limit} ${unit}${where})`;
}
