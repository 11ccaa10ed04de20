import {
  type Column,
  type Content,
  changeMark,
  comparisonPage,
  html,
  letterOf,
  moment,
  numbers,
  plural,
  type SetUpFact,
  section,
  spreadOf,
  table,
  timeOrCount,
} from "@goldenring/run-kit";
import type { ExperimentRun } from "../run/record.ts";
import { chartsOfRuns, type NamedRun } from "./charts.ts";
import { FIGURES, type Figure, medianAndWorst, summaryOf, valuesOf, worstRound } from "./figures.ts";
import { backgroundText, endMark, loadText, provenanceTexts, verdictMark } from "./words.ts";

export const SET_UP: readonly SetUpFact<ExperimentRun>[] = [
  ["Experiment", ({ experiment }) => experiment.id],
  ["Stages", ({ experiment }) => experiment.stages.map(({ name, seconds }) => `${name} ${seconds} s`).join("; ")],
  ["Load", ({ experiment }) => `${loadText(experiment)}; background: ${backgroundText(experiment.load)}`],
  ["Stand", (run) => provenanceTexts(run).stand],
  ["Commit", (run) => provenanceTexts(run).commit],
  ["Computer", (run) => provenanceTexts(run).computer],
];

/** Experiments beside and over each other. @param runs two or more */
export function comparisonOf(runs: readonly ExperimentRun[]): Promise<string> {
  const named = runs.map((run, at): NamedRun => ({ name: letterOf(at), run }));
  const ids = [...new Set(runs.map(({ experiment }) => experiment.id))];
  return comparisonPage({
    kind: "Chaos experiments",
    title: `${ids.join(", ")}: comparison of ${plural(runs.length, "run")}`,
    runs: runsTable(named),
    compared: named,
    setUp: SET_UP,
    main: [expectations(named), figures(named)],
    charts: chartsOfRuns(named),
    withoutCharts: "The data are in run.json in the folder of each run.",
  });
}

function runsTable(named: readonly NamedRun[]): Content {
  const rows = named.map(({ name, run }): Content[] => {
    const { id, experiment, startedAt, rounds } = run;
    const [title, commit] = [`${experiment.id} ${experiment.title}`, provenanceTexts(run).commit];
    return [name, title, moment(startedAt), rounds.length, commit, endMark(run), worstRound(run)?.number ?? "–", id];
  });
  return table("Runs", ["Run", "Experiment", "Start", "Rounds", "Commit", "Verdict", "Worst round", "Id"], rows);
}

/** Every expectation of any of the runs, in the order in which they come. */
function expectations(named: readonly NamedRun[]): Content {
  const all = [...new Set(named.flatMap(({ run }) => run.expectations.map(({ words }) => words)))];
  const rows = all.map((words) => [
    words,
    ...named.map(({ run }) => {
      const judged = run.expectations.find((each) => each.words === words);
      return judged ? html`${timeOrCount(judged.worst, judged.unit)}, ${verdictMark(judged)}` : "not expected";
    }),
  ]);
  const columns = ["Expectation", ...named.map(({ name }) => `${name}, worst and verdict`)];
  return section("expectations", "Expectations", table("Expectations", columns, rows));
}

const METHOD =
  "Every run is compared with run A. A difference is clear when all rounds of one run are below all rounds of the other, and both have three rounds " +
  "or more: chance alone does this in one case of ten, and less often with more rounds. Charts show the worst round of each run, from its first fault on.";

function figures(named: readonly NamedRun[]): Content {
  const columns: Column[] = [
    "Figure",
    ...named.flatMap(({ name, run }, at) => [
      ...numbers(`${name}, ${plural(run.rounds.length, "round")}`),
      ...(at === 0 ? [] : ["Difference from A"]),
    ]),
  ];
  const rows = FIGURES.flatMap((figure) => {
    const values = named.map(({ run }) => valuesOf(figure, run));
    const [first = []] = values;
    if (values.every(({ length }) => length === 0)) return [];
    const cells = values.flatMap((each, at) => {
      const text = medianAndWorst(summaryOf(figure, each), figure.unit);
      return at === 0 ? [text] : [text, differenceText(figure, first, each)];
    });
    return [[figure.name, ...cells]];
  });
  const about = html`<p class="small">Median / worst of the rounds.</p>`;
  return section("figures", "Figures", about, table("Figures", columns, rows), html`<p class="small">${METHOD}</p>`);
}

function differenceText(figure: Figure, one: readonly number[], two: readonly number[]): Content {
  if (one.length === 0 || two.length === 0) return "–";
  const found = difference(one, two);
  if (found === "none") return "none";
  const change = spreadOf(two).median - spreadOf(one).median;
  const size = `${change > 0 ? "+" : ""}${timeOrCount(change, figure.unit)}, `;
  if (found === "clear") return [size, changeMark("clear", change, figure.better)];
  return `${size}${found === "overlap" ? "rounds overlap" : "too few rounds to tell"}`;
}

/** Two times three rounds are separated by chance in one case of ten. */
const MIN_ROUNDS = 3;

/** Between the rounds of two runs; see METHOD. @param one at least one figure, as `other` */
export function difference(one: readonly number[], other: readonly number[]): "none" | "clear" | "overlap" | "too few" {
  const [first, second] = [spreadOf(one), spreadOf(other)];
  if (first.min === second.min && first.max === second.max && first.median === second.median) return "none";
  if (first.max >= second.min && second.max >= first.min) return "overlap";
  return Math.min(one.length, other.length) < MIN_ROUNDS ? "too few" : "clear";
}
