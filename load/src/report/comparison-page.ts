import {
  type Column,
  type Content,
  changeMark,
  commitText,
  comparisonPage,
  html,
  marked,
  moment,
  numbers,
  plural,
  section,
  setUpDifferences,
  shown,
  spreadText,
  table,
  tableSection,
  withUnit,
} from "@goldenring/run-kit";
import type { StoredRun } from "../record/run-folder.ts";
import { isHeld } from "../record/verdict.ts";
import { type Difference, METHOD } from "../statistics/difference.ts";
import { chartsOfRuns } from "./charts.ts";
import { compareFigures, type RunSet, SET_UP, setsOf, valuesOf } from "./comparison.ts";
import { FIGURES, type Figure } from "./figures.ts";
import { dataText, verdictText } from "./words.ts";

/** Load tests beside and over each other. @param runs two or more */
export function comparisonOf(runs: readonly StoredRun[]): Promise<string> {
  const sets = setsOf(runs);
  const named = sets.flatMap(({ letter, runs: ofSet }, set) =>
    ofSet.map((run, at) => ({ name: nameOf(letter, at, ofSet.length), set: sets.length > 1 ? set : at, run })),
  );
  return comparisonPage({
    kind: "Load tests",
    title: `Comparison of ${plural(runs.length, "run")}`,
    lead:
      sets.length === 1
        ? "All have the same set-up: what differs is chance."
        : `${plural(sets.length, "set")}; each is compared with set A.`,
    runs: runsTable(sets),
    names: sets.map(({ letter }) => letter),
    differences: setUpDifferences(
      SET_UP,
      sets.map(({ runs: [first] }) => first),
    ),
    main: sets.length === 1 ? spreadTable(sets[0]) : differences(sets),
    charts: chartsOfRuns(named),
    withoutCharts: "The data are in series.json in the folder of each run.",
  });
}

function nameOf(letter: string, at: number, size: number): string {
  return size === 1 ? letter : `${letter}${at + 1}`;
}

function runsTable(sets: readonly RunSet[]): Content {
  const rows = sets.flatMap(({ letter, runs }) =>
    runs.map(({ record }, at) => [
      nameOf(letter, at, runs.length),
      record.scenario,
      moment(record.start),
      commitText(record),
      dataText(record),
      marked(verdictText(record), isHeld(record.verdict)),
      record.id,
    ]),
  );
  return table("Runs", ["Run", "Scenario", "Start", "Commit", "Data before", "Objectives", "Id"], rows);
}

function differences([first, ...others]: readonly RunSet[]): Content {
  const size = (set: RunSet | undefined): string => `${set?.letter}, ${plural(set?.runs.length ?? 0, "run")}`;
  const columns: Column[] = [
    "Figure",
    ...numbers(size(first)),
    ...others.flatMap((other) => [...numbers(size(other), "Difference"), "Beyond the spread of the runs?"]),
  ];
  const sets = first === undefined ? [] : [first, ...others];
  const rows = compareFigures(sets).map(({ figure, differences: of }) => [
    figure.name,
    spreadText(valuesOf(figure, first), figure.unit),
    ...others.flatMap((other, at) => [
      spreadText(valuesOf(figure, other), figure.unit),
      ...differenceCells(of[at], figure),
    ]),
  ]);
  return section(
    "differences",
    "Differences",
    table("Differences", columns, rows),
    html`<p class="small">${METHOD}</p>`,
  );
}

function spreadTable(set: RunSet | undefined): Content {
  const rows = FIGURES.flatMap((figure) => {
    const values = valuesOf(figure, set);
    return values.length === 0 ? [] : [[figure.name, spreadText(values, figure.unit)]];
  });
  return tableSection("spread", "Spread of the runs", ["Figure", ...numbers("Median (min to max)")], rows);
}

function differenceCells(difference: Difference | undefined, { unit, better }: Figure): Content[] {
  if (difference === undefined) return ["–", "–"];
  const { absolute, relative, judgement, p } = difference;
  const sign = absolute > 0 ? "+" : "";
  const share = relative === undefined ? "" : ` (${sign}${withUnit(relative, "%")})`;
  const chance = p === undefined ? "" : `, p = ${p.toFixed(3)}`;
  // A difference of two shares in per cent would be taken for a share of a share.
  const size = unit === "%" ? `${shown(absolute * 100)} points` : withUnit(absolute, unit);
  const answers = {
    exceeds: changeMark(`yes${chance}`, absolute, better),
    within: `no${chance}`,
    "cannot tell": "cannot tell: too few runs",
  };
  return [`${sign}${size}${share}`, answers[judgement]];
}
