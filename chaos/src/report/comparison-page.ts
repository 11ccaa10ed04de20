import { type Content, html, moment, page, table } from "@goldenring/run-kit";
import type { ExperimentRun } from "../run/record.ts";
import { chartsOfRuns, type NamedRun } from "./charts.ts";
import {
  type ComparedFigure,
  compareExpectations,
  compareFigures,
  type Distance,
  setUpDifferences,
} from "./comparison.ts";
import { verdictMark } from "./expectations-table.ts";
import { type Figure, type Spread, worstOf, worstRound } from "./figures.ts";
import { commitInWords, endInWords, figureInWords } from "./words.ts";

const METHOD =
  "Runs are compared with the first. Apart: every round of one is below every round of the other, and both have three rounds or more; " +
  "that comes about by chance in one case of ten, less with more rounds. Charts show the worst round of each run, from its first fault on.";

/** Runs next to and over each other, as one HTML file. @param runs two or more */
export function comparisonPage(runs: readonly ExperimentRun[]): Promise<string> {
  const named = runs.map((run, at): NamedRun => ({ name: letterOf(at), run }));
  const ids = [...new Set(runs.map(({ experiment }) => experiment.id))];
  return page({
    title: `${ids.join(", ")}: comparison of ${runs.length} runs`,
    header: html`<p class="small">Chaos experiments</p>
<h1>${ids.join(", ")}: comparison of ${runs.length} runs</h1>`,
    main: [runsTable(named), setUps(named), expectations(named), figures(named)],
    charts: chartsOfRuns(named),
    withoutCharts: "The data are in run.json in the folder of each run.",
    rest: undefined,
  });
}

/** A to Z, then A2, B2 and so on. */
function letterOf(at: number): string {
  const letter = String.fromCharCode(65 + (at % 26));
  return at < 26 ? letter : `${letter}${Math.floor(at / 26) + 1}`;
}

function runsTable(named: readonly NamedRun[]): Content {
  const columns = ["Run", "Experiment", "Start", "Rounds", "Commit", "Came out", "Worst round", "Id"].map((name) => ({
    name,
  }));
  const rows = named.map(({ name, run }): Content[] => [
    name,
    `${run.experiment.id} ${run.experiment.title}`,
    moment(run.startedAt),
    run.rounds.length,
    commitInWords(run),
    html`<span class="${run.endedBy === "held" ? "good" : "bad"}">${endInWords(run)}</span>`,
    worstRound(run)?.number ?? "–",
    run.id,
  ]);
  return html`<section aria-labelledby="runs"><h2 id="runs">Runs</h2>
${table("Runs", columns, rows)}</section>`;
}

function setUps(named: readonly NamedRun[]): Content {
  const differing = setUpDifferences(named.map(({ run }) => run));
  if (differing.length === 0) return undefined;
  const columns = [{ name: "Set-up" }, ...named.map(({ name }) => ({ name }))];
  return html`<section aria-labelledby="set-ups"><h2 id="set-ups">What differs in the set-up</h2>
${differing.length > 1 && html`<p>More than one thing differs: the figures do not say which of them matters.</p>`}
${table(
  "What differs in the set-up",
  columns,
  differing.map(({ name, values }) => [name, ...values]),
)}</section>`;
}

function expectations(named: readonly NamedRun[]): Content {
  const columns = [{ name: "Expected" }, ...named.map(({ name }) => ({ name: `${name}, worst and verdict` }))];
  const rows = compareExpectations(named.map(({ run }) => run)).map(({ words, judged }) => [
    words,
    ...judged.map((each) =>
      each === undefined ? "not expected" : html`${figureInWords(each.worst, each.unit)}, ${verdictMark(each)}`,
    ),
  ]);
  return html`<section aria-labelledby="expectations"><h2 id="expectations">Expectations</h2>
${table("Expectations", columns, rows)}</section>`;
}

function figures(named: readonly NamedRun[]): Content {
  const columns = named.flatMap(({ name, run: { rounds } }, at) => [
    { name: `${name}, ${rounds.length} ${rounds.length === 1 ? "round" : "rounds"}`, isNumber: true },
    ...(at === 0 ? [] : [{ name: "From A" }]),
  ]);
  const rows = compareFigures(named.map(({ run }) => run)).map((compared) => [
    compared.figure.name,
    ...figureCells(compared),
  ]);
  return html`<section aria-labelledby="figures"><h2 id="figures">Figures</h2>
<p class="small">Median / worst of the rounds.</p>
${table("Figures", [{ name: "Figure" }, ...columns], rows)}
<p class="small">${METHOD}</p></section>`;
}

function figureCells({ figure, spreads, distances }: ComparedFigure): Content[] {
  const [first] = spreads;
  return spreads.flatMap((spread, at) => {
    const cell = spreadInWords(spread, figure);
    return at === 0 ? [cell] : [cell, distanceInWords(distances[at - 1], figure, first, spread)];
  });
}

function spreadInWords(spread: Spread | undefined, figure: Figure): string {
  if (spread === undefined) return "–";
  const [median, worst] = [spread.median, worstOf(figure, spread)].map((value) => figureInWords(value, figure.unit));
  return median === worst ? String(median) : `${median} / ${worst}`;
}

/** Better and worse are told by a word too, not by colour alone. */
function distanceInWords(
  distance: Distance | undefined,
  { better, unit }: Figure,
  first: Spread | undefined,
  other: Spread | undefined,
): Content {
  if (first === undefined || other === undefined) return "–";
  if (distance === undefined) return "the same";
  const change = other.median - first.median;
  const words = `${change > 0 ? "+" : ""}${figureInWords(change, unit)}, `;
  if (distance === "mixed") return `${words}rounds overlap`;
  if (distance === "too few") return `${words}too few rounds to tell`;
  if (better === undefined) return `${words}apart`;
  const isBetter = change > 0 === (better === "more");
  return html`${words}<span class="${isBetter ? "good" : "bad"}">apart: ${isBetter ? "better" : "worse"}</span>`;
}
