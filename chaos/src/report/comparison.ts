import type { ExperimentRun, JudgedExpectation } from "../run/record.ts";
import { FIGURES, type Figure, type Spread, spreadOf, valuesOf } from "./figures.ts";
import { commitInWords, computerInWords, standInWords } from "./words.ts";

/** What of the set-up matters for figures. */
const SET_UP: readonly (readonly [string, (run: ExperimentRun) => string])[] = [
  ["Experiment", ({ experiment }) => experiment.id],
  ["Stages", ({ experiment }) => experiment.stages.map(({ name, seconds }) => `${name} ${seconds} s`).join("; ")],
  ["Load", ({ experiment }) => loadInWords(experiment.load)],
  ["Stand", standInWords],
  ["Commit", commitInWords],
  ["Computer", computerInWords],
];

/** The parts of the set-up in which the runs are not the same, with what each has. */
export function setUpDifferences(
  runs: readonly ExperimentRun[],
): { readonly name: string; readonly values: string[] }[] {
  return SET_UP.map(([name, of]) => ({ name, values: runs.map(of) })).filter(({ values }) => new Set(values).size > 1);
}

export interface ComparedExpectation {
  readonly words: string;
  /** Of each run; undefined where its experiment does not expect it. */
  readonly judged: readonly (JudgedExpectation | undefined)[];
}

/** Every expectation of any of the runs, in the order in which they come. */
export function compareExpectations(runs: readonly ExperimentRun[]): ComparedExpectation[] {
  const words = [...new Set(runs.flatMap(({ expectations }) => expectations.map((each) => each.words)))];
  return words.map((each) => ({
    words: each,
    judged: runs.map(({ expectations }) => expectations.find((judged) => judged.words === each)),
  }));
}

/**
 * Of a figure in two runs. `apart`: every round of one is below every round of the other, and both have three rounds or more;
 * `mixed`: their rounds overlap; `too few`: they do not, but chance could do that as well.
 */
export type Distance = "apart" | "mixed" | "too few";

export interface ComparedFigure {
  readonly figure: Figure;
  readonly spreads: readonly (Spread | undefined)[];
  /** Of each run but the first, from the first; undefined where one of them lacks the figure, or they are the same. */
  readonly distances: readonly (Distance | undefined)[];
}

/** Two times three rounds fall apart by chance in one case of ten. */
const ENOUGH_ROUNDS = 3;

export function compareFigures(runs: readonly ExperimentRun[]): ComparedFigure[] {
  return FIGURES.map((figure) => {
    const values = runs.map((run) => valuesOf(figure, run));
    const [first = [], ...others] = values;
    return { figure, spreads: values.map(spreadOf), distances: others.map((other) => distance(first, other)) };
  }).filter(({ spreads }) => spreads.some((spread) => spread !== undefined));
}

export function distance(one: readonly number[], other: readonly number[]): Distance | undefined {
  const [first, second] = [spreadOf(one), spreadOf(other)];
  if (first === undefined || second === undefined) return undefined;
  if (first.least === second.least && first.most === second.most && first.median === second.median) return undefined;
  if (first.most >= second.least && second.most >= first.least) return "mixed";
  return Math.min(one.length, other.length) < ENOUGH_ROUNDS ? "too few" : "apart";
}

function loadInWords({ clients, intervalMs, background }: ExperimentRun["experiment"]["load"]): string {
  const beside =
    background === null
      ? "no background"
      : `${background.users} users GET ${background.path} every ${background.intervalMs} ms`;
  return `${clients} clients every ${intervalMs} ms, ${beside}`;
}
