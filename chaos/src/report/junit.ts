import { junitXml, type Outcome, secondsBetween, type TestSuite, timeOrCount } from "@goldenring/run-kit";
import type { ExperimentRun, JudgedExpectation } from "../run/record.ts";
import { endText, provenanceTexts, reasons, targetText } from "./words.ts";

/** Runs as JUnit XML: a suite for each, with a case for each expectation and one for the end of the run. */
export function junitOfRuns(runs: readonly ExperimentRun[]): string {
  return junitXml("chaos", runs.map(suiteOf));
}

function suiteOf(run: ExperimentRun): TestSuite {
  const { id, experiment, startedAt, endedAt, endedBy, ending, rounds } = run;
  const { title, hypothesis } = experiment;
  const isComplete = endedBy === "held" || endedBy === "deviated";
  const expectations = run.expectations.map((each, index) => ({
    name: [each.words, targetText(each) ?? []].flat().join(": "),
    outcome: outcomeOf(run, each, index),
  }));
  const end: Outcome = isComplete
    ? { kind: "passed" }
    : { kind: "error", message: endText(run), type: endedBy, details: ending };
  return {
    name: `chaos.${experiment.id}`,
    start: startedAt,
    seconds: secondsBetween(startedAt, endedAt),
    properties: { run: id, title, hypothesis, rounds: rounds.length, ...provenanceTexts(run) },
    cases: [...expectations, { name: "The run comes to its end and every fault is undone", outcome: end }],
  };
}

function outcomeOf(run: ExperimentRun, expectation: JudgedExpectation, index: number): Outcome {
  const { verdict, metric, median, worst, unit } = expectation;
  const figures = `worst ${timeOrCount(worst, unit)}, median ${timeOrCount(median, unit)} of ${run.rounds.length} rounds`;
  const details = reasons(run, index).join("\n");
  if (verdict === "held") return { kind: "passed" };
  if (verdict === "missed") return { kind: "failure", message: figures, type: metric, details };
  if (verdict === "measured") return { kind: "skipped", message: `measured without a target; ${figures}` };
  return { kind: "error", message: "there is no figure to judge", type: metric, details };
}
