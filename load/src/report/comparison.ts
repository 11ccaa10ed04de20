import {
  type Column,
  type Content,
  changeMark,
  commitText,
  comparisonPage,
  computerText,
  duration,
  html,
  letterOf,
  marked,
  moment,
  numbers,
  plural,
  type SetUpFact,
  section,
  shown,
  spreadText,
  table,
  tableSection,
  withUnit,
} from "@goldenring/run-kit";
import type { StoredRun } from "../record/record.ts";
import { isHeld } from "../record/verdict.ts";
import { type Difference, differenceOf, METHOD } from "../statistics/difference.ts";
import { chartsOfRuns } from "./charts.ts";
import { FIGURES, type Figure } from "./figures.ts";
import { buildText, dataText, loadText, sizeText, verdictText } from "./words.ts";

/** Runs with the same set-up: repetitions of each other. */
interface RunSet {
  readonly letter: string;
  readonly runs: readonly [StoredRun, ...StoredRun[]];
}

/** What makes a set-up: runs in which all of it is the same are repetitions. The data are not: scenarios that write change them. */
export const SET_UP: readonly SetUpFact<StoredRun>[] = [
  ["Scenario", ({ record }) => record.scenario],
  ["Load", ({ record }) => `${loadText(record.options.load)}, ${duration(record.options.seconds)}`],
  ["Encoding of the answers", ({ record }) => record.options.encoding],
  ["Stops at a missed objective", ({ record }) => (record.options.stopsAtBreach ? "yes" : "no")],
  ["Share of checked bodies", ({ record }) => withUnit(record.options.bodyCheckShare, "%")],
  ["Target", ({ record }) => record.target.url],
  ["API replicas", ({ record }) => (record.size === undefined ? "not recorded" : sizeText(record.size))],
  ["Target's build", ({ record }) => buildText(record)],
  ["Commit", ({ record }) => commitText(record)],
  ["k6", ({ record }) => record.k6],
  ["Computer", ({ record }) => computerText(record)],
];

/** In the order in which their first runs are given. */
export function setsOf(runs: readonly StoredRun[]): RunSet[] {
  const sets = Map.groupBy(runs, (run) => JSON.stringify(SET_UP.map(([, of]) => of(run))));
  return [...sets.values()].flatMap((ofSet, at) => {
    const [first, ...others] = ofSet.toSorted((one, other) => one.record.start.localeCompare(other.record.start));
    return first === undefined ? [] : { letter: letterOf(at), runs: [first, ...others] as const };
  });
}

/** Every figure that any set has, of each set against the first; undefined where one of the two lacks the figure. */
export function compareFigures([first, ...others]: readonly RunSet[]) {
  return FIGURES.map((figure) => ({
    figure,
    differences: others.map((other) => differenceOf(valuesOf(figure, first), valuesOf(figure, other))),
  })).filter(({ differences }) => differences.some((each) => each !== undefined));
}

function valuesOf({ of }: Figure, set: RunSet | undefined): number[] {
  return (set?.runs ?? []).flatMap((run) => of(run) ?? []);
}

/** A page of load tests beside and over each other. */
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
    compared: sets.map(({ letter, runs: [run] }) => ({ name: letter, run })),
    setUp: SET_UP,
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
    runs.map(({ record }, at) => {
      const [name, verdict] = [nameOf(letter, at, runs.length), marked(verdictText(record), isHeld(record.verdict))];
      return [name, record.scenario, moment(record.start), commitText(record), dataText(record), verdict, record.id];
    }),
  );
  return table("Runs", ["Run", "Scenario", "Start", "Commit", "Data before", "Objectives", "Id"], rows);
}

function differences(sets: readonly RunSet[]): Content {
  const [first, ...others] = sets;
  const size = (set: RunSet | undefined): string => `${set?.letter}, ${plural(set?.runs.length ?? 0, "run")}`;
  const columns: Column[] = [
    "Figure",
    ...numbers(size(first)),
    ...others.flatMap((other) => [...numbers(size(other), "Difference"), "Beyond the spread of the runs?"]),
  ];
  const rows = compareFigures(sets).map(({ figure, differences: of }) => [
    figure.name,
    spreadText(valuesOf(figure, first), figure.unit),
    ...others.flatMap((other, at) => [
      spreadText(valuesOf(figure, other), figure.unit),
      ...differenceCells(of[at], figure),
    ]),
  ]);
  const method = html`<p class="small">${METHOD}</p>`;
  return section("differences", "Differences", table("Differences", columns, rows), method);
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
