import { type Content, html, moment, page, shown, table } from "@goldenring/run-kit";
import type { StoredRun } from "../record/run-folder.ts";
import { isHeld } from "../record/verdict.ts";
import { type Difference, METHOD } from "../statistics/difference.ts";
import { chartsOfRuns } from "./chart.ts";
import { compareFigures, type RunSet, setsOf, setUpDifferences, valuesOf } from "./comparison.ts";
import { FIGURES, type Figure } from "./figures.ts";
import { spreadInWords, withUnit } from "./numbers.ts";
import { commitInWords, dataInWords, verdictInWords } from "./words.ts";

/** Runs over each other and their figures against each other, as one HTML file. @param runs two or more */
export function comparisonPage(runs: readonly StoredRun[]): Promise<string> {
  const sets = setsOf(runs);
  const named = sets.flatMap(({ letter, runs: ofSet }, set) =>
    ofSet.map((run, at) => ({ name: nameOf(letter, at, ofSet.length), set: sets.length > 1 ? set : at, run })),
  );
  return page({
    title: `Comparison of ${runs.length} runs`,
    header: html`<p class="small">Load tests</p>
<h1>Comparison of ${shown(runs.length)} runs</h1>
<p class="lead">${sets.length === 1 ? "All have the same set-up: what differs is chance." : `${shown(sets.length)} sets; each is compared with set A.`}</p>`,
    main: [runsTable(sets), setUps(sets), sets.length === 1 ? spreadTable(sets[0]) : differences(sets)],
    charts: chartsOfRuns(named),
    withoutCharts: "The data are in series.json beside this file.",
    rest: undefined,
  });
}

function nameOf(letter: string, at: number, size: number): string {
  return size === 1 ? letter : `${letter}${at + 1}`;
}

function runsTable(sets: readonly RunSet[]): Content {
  const columns = [
    { name: "Run" },
    { name: "Scenario" },
    { name: "Start" },
    { name: "Commit" },
    { name: "Data before" },
    { name: "Objectives" },
    { name: "Id" },
  ];
  const rows = sets.flatMap(({ letter, runs }) =>
    runs.map(({ record }, at) => [
      nameOf(letter, at, runs.length),
      record.scenario,
      moment(record.start),
      commitInWords(record),
      dataInWords(record),
      html`<span class="${isHeld(record.verdict) ? "good" : "bad"}">${verdictInWords(record)}</span>`,
      record.id,
    ]),
  );
  return html`<section aria-labelledby="runs"><h2 id="runs">Runs</h2>
${table("Runs", columns, rows)}</section>`;
}

function setUps(sets: readonly RunSet[]): Content {
  const differing = setUpDifferences(sets);
  if (differing.length === 0) return undefined;
  const columns = [{ name: "Set-up" }, ...sets.map(({ letter }) => ({ name: letter }))];
  const rows = differing.map(({ name, values }) => [name, ...values]);
  const isMachine = differing.some(({ name }) => name === "Machine");
  return html`<section aria-labelledby="set-ups"><h2 id="set-ups">What differs in the set-up</h2>
${differing.length > 1 && html`<p>More than one thing differs: the figures do not say which of them matters.</p>`}
${isMachine && html`<p class="notice">The sets ran on different machines.</p>`}
${table("What differs in the set-up", columns, rows)}</section>`;
}

function differences(sets: readonly RunSet[]): Content {
  const [first, ...others] = sets;
  const size = (set: RunSet | undefined): string =>
    `${set?.letter}, ${set?.runs.length} ${set?.runs.length === 1 ? "run" : "runs"}`;
  const columns = [
    { name: "Figure" },
    { name: size(first), isNumber: true },
    ...others.flatMap((other) => [
      { name: size(other), isNumber: true },
      { name: "Difference", isNumber: true },
      { name: "Beyond the spread of the runs?" },
    ]),
  ];
  const rows = compareFigures(sets).map(({ figure, differences: of }) => [
    figure.name,
    spreadInWords(valuesOf(figure, first), figure.unit),
    ...others.flatMap((other, at) => [
      spreadInWords(valuesOf(figure, other), figure.unit),
      ...differenceCells(of[at], figure),
    ]),
  ]);
  return html`<section aria-labelledby="differences"><h2 id="differences">Differences</h2>
${table("Differences", columns, rows)}
<p class="small">${METHOD}</p></section>`;
}

function spreadTable(set: RunSet | undefined): Content {
  const rows = FIGURES.flatMap((figure) => {
    const values = valuesOf(figure, set);
    return values.length === 0 ? [] : [[figure.name, spreadInWords(values, figure.unit)]];
  });
  return html`<section aria-labelledby="spread"><h2 id="spread">Spread</h2>
${table("Spread of the runs", [{ name: "Figure" }, { name: "Median (least to most)", isNumber: true }], rows)}</section>`;
}

function differenceCells(difference: Difference | undefined, figure: Figure): Content[] {
  if (difference === undefined) return ["–", "–"];
  const { absolute, relative, judgement, p } = difference;
  const sign = absolute > 0 ? "+" : "";
  const share = relative === undefined ? "" : ` (${sign}${withUnit(relative, "%")})`;
  const chance = p === undefined ? "" : `, p = ${p.toFixed(3)}`;
  const words = { exceeds: `yes${chance}`, within: `no${chance}`, "cannot tell": "cannot tell: too few runs" }[
    judgement
  ];
  // A difference of two shares in per cent would be taken for a share of a share.
  const size = figure.unit === "%" ? `${shown(absolute * 100)} points` : withUnit(absolute, figure.unit);
  return [`${sign}${size}${share}`, judged(words, difference, figure)];
}

/** Better and worse are told by a word too, not by colour alone. */
function judged(words: string, { judgement, absolute }: Difference, { better }: Figure): Content {
  if (judgement !== "exceeds" || better === undefined || absolute === 0) return words;
  const isBetter = absolute > 0 === (better === "more");
  return html`<span class="${isBetter ? "good" : "bad"}">${words}: ${isBetter ? "better" : "worse"}</span>`;
}
