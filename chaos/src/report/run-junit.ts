import { junitXml, type Outcome, type TestCase, type TestSuite } from "@goldenring/run-kit";
import type { ExperimentRun, JudgedExpectation } from "../run/record.ts";
import {
  cameToItsEnd,
  commitInWords,
  computerInWords,
  endInWords,
  figureInWords,
  limitInWords,
  reasons,
  standInWords,
} from "./words.ts";

/** Runs as JUnit XML: a suite for each, with a case for each expectation and one for the run having come to its end. */
export function junitOfRuns(runs: readonly ExperimentRun[]): string {
  return junitXml("chaos", runs.map(suiteOf));
}

function suiteOf(run: ExperimentRun): TestSuite {
  const { id, experiment, startedAt, endedAt, endedBy, ending, rounds } = run;
  const end: TestCase = {
    name: "The run comes to its end and every fault is undone",
    outcome: cameToItsEnd(run)
      ? { kind: "passed" }
      : { kind: "error", message: endInWords(run), type: endedBy, details: ending },
  };
  return {
    name: `chaos.${experiment.id}`,
    start: startedAt,
    seconds: Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1000,
    properties: {
      run: id,
      title: experiment.title,
      hypothesis: experiment.hypothesis,
      rounds: rounds.length,
      commit: commitInWords(run),
      stand: standInWords(run),
      computer: computerInWords(run),
    },
    cases: [
      ...run.expectations.map((each, index) => ({ name: nameOf(each), outcome: outcomeOf(run, each, index) })),
      end,
    ],
  };
}

function nameOf(expectation: JudgedExpectation): string {
  const limit = limitInWords(expectation);
  return limit === undefined ? expectation.words : `${expectation.words}: ${limit}`;
}

function outcomeOf(
  run: ExperimentRun,
  { verdict, metric, median, worst, unit }: JudgedExpectation,
  index: number,
): Outcome {
  const figures = `worst ${figureInWords(worst, unit)}, median ${figureInWords(median, unit)} of ${run.rounds.length} rounds`;
  const details = reasons(run, index).join("\n");
  if (verdict === "held") return { kind: "passed" };
  if (verdict === "missed") return { kind: "failure", message: figures, type: metric, details };
  if (verdict === "stated") return { kind: "skipped", message: `without a limit; ${figures}` };
  return { kind: "error", message: "there is no figure to judge", type: metric, details };
}
