import { commitText, junitXml, secondsBetween, type TestCase } from "@goldenring/run-kit";
import type { RunRecord } from "../record/record.ts";
import { inWords, objectiveText } from "../record/verdict.ts";
import { ENDS } from "./words.ts";

/** A run as JUnit XML, for CI: a case for each objective, and one for the run's end. */
export function junitOfRun(record: RunRecord): string {
  const objectives = record.verdict.map(
    (verdict): TestCase => ({
      name: objectiveText(verdict),
      outcome: verdict.isHeld ? { kind: "passed" } : { kind: "failure", message: inWords(verdict), type: "objective" },
    }),
  );
  const [message, isComplete] = ENDS[record.endedBy];
  const end: TestCase = {
    name: "The run comes to its end",
    outcome: isComplete
      ? { kind: "passed" }
      : { kind: "error", message, type: record.endedBy, details: record.notes.join("\n") },
  };
  const suite = {
    name: `load.${record.scenario}`,
    start: record.start,
    seconds: secondsBetween(record.start, record.end),
    properties: {
      run: record.id,
      commit: commitText(record),
      target: record.target.url,
      k6: record.k6,
      users: record.figures.maxUsers,
      "requests-per-second": record.figures.rate.toFixed(1),
    },
    cases: [...objectives, end],
  };
  return junitXml("load", [suite]);
}
