import { moment } from "@goldenring/run-kit";
import type { ExperimentRun } from "../run/record.ts";
import { roundInWords } from "./figures.ts";
import { escapeMarkdown, markdownTable } from "./markdown.ts";
import { reportedAbout } from "./report-of-2023.ts";
import {
  commitInWords,
  computerInWords,
  endInWords,
  figureInWords,
  heldRounds,
  limitInWords,
  reasons,
  VERDICTS,
} from "./words.ts";

/** A run in short, for a terminal, a pull request or a page of CI. */
export function runMarkdown(run: ExperimentRun): string {
  const { id, experiment, ending, startedAt, rounds } = run;
  const reported = reportedAbout(experiment.id);
  return [
    `# ${escapeMarkdown(`${experiment.id} ${experiment.title}`)}: ${endInWords(run)}`,
    "",
    escapeMarkdown(ending),
    "",
    `Hypothesis: ${escapeMarkdown(experiment.hypothesis)}`,
    "",
    expectationsInMarkdown(run),
    "",
    ...rounds.map((round) => `- Round ${round.number}: ${escapeMarkdown(roundInWords(round, figureInWords))}.`),
    ...(rounds.length === 0 ? [] : [""]),
    ...(reported === undefined
      ? []
      : [
          `The report of 2023 expected: ${escapeMarkdown(reported.expected)}. It saw: ${escapeMarkdown(reported.saw)}.`,
          "",
        ]),
    escapeMarkdown(`Run ${id}, ${moment(startedAt)}, commit ${commitInWords(run)}, ${computerInWords(run)}.`),
    "",
  ].join("\n");
}

function expectationsInMarkdown(run: ExperimentRun): string {
  const rows = run.expectations.map((expectation, index) => {
    const { words, unit, median, worst, verdict } = expectation;
    const why = reasons(run, index).join("; ");
    return [
      words,
      limitInWords(expectation) ?? "–",
      figureInWords(median, unit),
      figureInWords(worst, unit),
      why === "" ? VERDICTS[verdict] : `${VERDICTS[verdict]}: ${why}`,
      heldRounds(run, index) ?? "–",
    ];
  });
  return markdownTable(["expected", "limit", "median", "worst", "verdict", "held in"], rows);
}
