import { commitText, computerText, duration, letterOf, type SetUpFact } from "@goldenring/run-kit";
import type { StoredRun } from "../record/run-folder.ts";
import { type Difference, differenceOf } from "../statistics/difference.ts";
import { FIGURES, type Figure } from "./figures.ts";
import { buildText, loadText } from "./words.ts";

/** Runs with the same set-up: repetitions of each other. */
export interface RunSet {
  /** A, B, C. */
  readonly letter: string;
  /** By their start. */
  readonly runs: readonly [StoredRun, ...StoredRun[]];
}

/** What makes a set-up: runs in which all of it is the same are repetitions. The data are not: scenarios that write change them. */
export const SET_UP: readonly SetUpFact<StoredRun>[] = [
  ["Scenario", ({ record }) => record.scenario],
  ["Load", ({ record }) => `${loadText(record.options.load)}, ${duration(record.options.seconds)}`],
  ["Encoding of the answers", ({ record }) => record.options.encoding],
  ["Stops at a missed objective", ({ record }) => (record.options.stopsAtBreach ? "yes" : "no")],
  ["Share of checked bodies", ({ record }) => String(record.options.bodyCheckShare)],
  ["Target", ({ record }) => record.target.url],
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

export interface FigureComparison {
  readonly figure: Figure;
  /** Of each set but the first, against the first; undefined where one of the two lacks the figure. */
  readonly differences: readonly (Difference | undefined)[];
}

/** Every figure that any set has, of each set against the first. */
export function compareFigures([first, ...others]: readonly RunSet[]): FigureComparison[] {
  return FIGURES.map((figure) => ({
    figure,
    differences: others.map((other) => differenceOf(valuesOf(figure, first), valuesOf(figure, other))),
  })).filter(({ differences }) => differences.some((each) => each !== undefined));
}

export function valuesOf({ of }: Figure, set: RunSet | undefined): number[] {
  return (set?.runs ?? []).flatMap((run) => of(run) ?? []);
}
