import { duration } from "@goldenring/run-kit";
import type { StoredRun } from "../record/run-folder.ts";
import { type Difference, differenceOf } from "../statistics/difference.ts";
import { FIGURES, type Figure } from "./figures.ts";
import { buildInWords, commitInWords, loadInWords, machineInWords } from "./words.ts";

/** Runs with the same set-up: repetitions of each other. */
export interface RunSet {
  /** A, B, C. */
  readonly letter: string;
  readonly runs: readonly StoredRun[];
}

/** What makes a set-up: runs in which all of it is the same are repetitions. The data are not: scenarios that write change them. */
export const SET_UP: readonly (readonly [string, (run: StoredRun) => string])[] = [
  ["Scenario", ({ record }) => record.scenario],
  ["Load", ({ record }) => `${loadInWords(record.options.load)}, ${duration(record.options.seconds)}`],
  ["Answers in", ({ record }) => record.options.encoding],
  ["Stops when an objective breaks", ({ record }) => (record.options.stopsAtBreach ? "yes" : "no")],
  ["Bodies that are looked into", ({ record }) => String(record.options.bodyCheckShare)],
  ["Target", ({ record }) => record.target.url],
  ["Target's build", ({ record }) => buildInWords(record)],
  ["Commit", ({ record }) => commitInWords(record)],
  ["k6", ({ record }) => record.k6],
  ["Machine", ({ record }) => machineInWords(record)],
];

/** In the order in which their first runs are given; the runs of a set by their start. */
export function setsOf(runs: readonly StoredRun[]): RunSet[] {
  const sets = Map.groupBy(runs, (run) => JSON.stringify(SET_UP.map(([, of]) => of(run))));
  return [...sets.values()].map((ofSet, at) => ({
    letter: letterOf(at),
    runs: ofSet.toSorted((one, other) => one.record.start.localeCompare(other.record.start)),
  }));
}

/** The parts of the set-up in which the sets are not the same, with what each has. */
export function setUpDifferences(sets: readonly RunSet[]): { readonly name: string; readonly values: string[] }[] {
  return SET_UP.map(([name, of]) => ({
    name,
    values: sets.map(({ runs }) => (runs[0] === undefined ? "" : of(runs[0]))),
  })).filter(({ values }) => new Set(values).size > 1);
}

export interface FigureComparison {
  readonly figure: Figure;
  /** Of each set but the first, against the first; undefined where one of the two lacks the figure. */
  readonly differences: readonly (Difference | undefined)[];
}

/** Every figure that any set has, of each set against the first. */
export function compareFigures(sets: readonly RunSet[]): FigureComparison[] {
  const [first, ...others] = sets;
  return FIGURES.map((figure) => ({
    figure,
    differences: others.map((other) => differenceOf(valuesOf(figure, first), valuesOf(figure, other))),
  })).filter(({ differences }) => differences.some((each) => each !== undefined));
}

export function valuesOf({ of }: Figure, set: RunSet | undefined): number[] {
  return (set?.runs ?? []).flatMap((run) => of(run) ?? []);
}

/** A to Z, then AA, AB and so on. */
function letterOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last;
}
