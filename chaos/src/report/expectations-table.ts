import { type Content, html, table } from "@goldenring/run-kit";
import type { ExperimentRun, JudgedExpectation } from "../run/record.ts";
import { figureInWords, heldRounds, limitInWords, reasons, VERDICTS } from "./words.ts";

/** What was expected, with the figures and what they came to. */
export function expectationsTable(run: ExperimentRun): Content {
  const several = run.rounds.length > 1;
  const columns = [
    { name: "Expected" },
    // Next to it, so that a phone shows it without scrolling.
    { name: "Verdict" },
    { name: "Limit", isNumber: true },
    ...(several ? [{ name: "Median", isNumber: true }] : []),
    { name: several ? "Worst" : "Measured", isNumber: true },
    ...(several ? [{ name: "Held in" }] : []),
  ];
  const rows = run.expectations.map((expectation, index) => [
    expectation.words,
    [verdictMark(expectation), reasons(run, index).map((why) => html`<br><span class="small">${why}</span>`)],
    limitInWords(expectation) ?? "–",
    ...(several ? [figureInWords(expectation.median, expectation.unit)] : []),
    figureInWords(expectation.worst, expectation.unit),
    ...(several ? [heldRounds(run, index) ?? "–"] : []),
  ]);
  return table("Expectations", columns, rows);
}

/** Told by a word, not by colour alone. */
export function verdictMark({ verdict }: Pick<JudgedExpectation, "verdict">): Content {
  const words = VERDICTS[verdict];
  if (verdict === "stated") return words;
  return html`<span class="${verdict === "held" ? "good" : "bad"}">${words}</span>`;
}
