import { escapeMarkdown, markdownTable, moment, timeOrCount } from "@goldenring/run-kit";
import * as z from "zod";
import { type ExperimentRun, Judged } from "../run/record.ts";
import { roundText } from "./figures.ts";
import { endText, heldRounds, of2023, provenanceTexts, reasons, targetText } from "./words.ts";

/** A run in short, in Markdown: for a terminal, a pull request or a page of CI. */
export function runSummary(run: ExperimentRun): string {
  const { id, experiment, ending, startedAt, rounds } = run;
  const baseline = of2023(experiment.id);
  const { commit, computer } = provenanceTexts(run);
  const paragraphs = [
    `# ${escapeMarkdown(`${experiment.id} ${experiment.title}`)}: ${endText(run)}`,
    escapeMarkdown(ending),
    `Hypothesis: ${escapeMarkdown(experiment.hypothesis)}`,
    expectationsTable(expectationsOf(run)),
    rounds.map((round) => `- Round ${round.number}: ${escapeMarkdown(roundText(round))}.`).join("\n"),
    baseline && `2023 expected: ${escapeMarkdown(baseline.expected)}. 2023 saw: ${escapeMarkdown(baseline.saw)}.`,
    escapeMarkdown(`Run ${id}, ${moment(startedAt)}, commit ${commit}, ${computer}.`),
  ];
  return `${paragraphs.filter(Boolean).join("\n\n")}\n`;
}

/** An expectation with its outcome in all rounds, as results files keep it. */
export const ExpectationOutcome = Judged.omit({ metric: true }).extend({
  /** "4 of 5" rounds. */
  heldIn: z.string().optional(),
  /** Absent in entries that were written without it. */
  metric: z.string().optional(),
  notes: z.array(z.string()).min(1).optional(),
});
type ExpectationOutcome = z.infer<typeof ExpectationOutcome>;

export function expectationsOf(run: ExperimentRun): ExpectationOutcome[] {
  return run.expectations.map((judged, index) => {
    const [heldIn, notes] = [heldRounds(run, index), reasons(run, index)];
    return { ...judged, ...(heldIn && { heldIn }), ...(notes.length > 0 && { notes }) };
  });
}

export function expectationsTable(expectations: readonly ExpectationOutcome[]): string {
  const rows = expectations.map((each) => [
    each.words,
    targetText(each) ?? "–",
    timeOrCount(each.median, each.unit),
    timeOrCount(each.worst, each.unit),
    each.notes === undefined ? each.verdict : `${each.verdict}: ${each.notes.join("; ")}`,
    each.heldIn ?? "–",
  ]);
  return markdownTable(["expectation", "target", "median", "worst", "verdict", "held in"], rows);
}
