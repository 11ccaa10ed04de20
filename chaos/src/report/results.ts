import * as z from "zod";
import { COMPARISONS } from "../experiment/experiment.ts";
import type { ExperimentRun, JudgedExpectation } from "../run/record.ts";
import { FIGURES, spreadOf, valuesOf, worstOf } from "./figures.ts";
import { commitInWords, computerInWords, endInWords, heldRounds, reasons, standInWords } from "./words.ts";

const Expected = z.object({
  words: z.string(),
  comparison: z.enum(COMPARISONS).nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  median: z.number().nullable(),
  worst: z.number().nullable(),
  verdict: z.enum(["held", "missed", "stated", "unknown"]),
  /** "4 of 5" rounds. */
  heldIn: z.string().optional(),
  /** Absent in entries that were written without it. */
  metric: z.string().optional(),
  /** What the rounds say about it. */
  notes: z.array(z.string()).min(1).optional(),
});
export type Expected = z.infer<typeof Expected>;

const Figure = z.object({ name: z.string(), unit: z.enum(["ms", ""]), median: z.number(), worst: z.number() });

/** What chaos.json keeps of an experiment: its last run. */
export const ResultEntry = z.object({
  experiment: z.string(),
  title: z.string(),
  hypothesis: z.string(),
  run: z.string(),
  date: z.string(),
  commit: z.string(),
  stand: z.string(),
  computer: z.string(),
  command: z.string(),
  rounds: z.int(),
  ended: z.string(),
  held: z.boolean(),
  ending: z.string(),
  expectations: z.array(Expected),
  figures: z.array(Figure),
});
export type ResultEntry = z.infer<typeof ResultEntry>;

/** @param command what a person typed to run this */
export function entryOf(run: ExperimentRun, command: string): ResultEntry {
  const { id, experiment, startedAt, endedBy, ending, rounds, expectations } = run;
  return {
    experiment: experiment.id,
    title: experiment.title,
    hypothesis: experiment.hypothesis,
    run: id,
    date: startedAt.slice(0, 10),
    commit: commitInWords(run),
    stand: standInWords(run),
    computer: computerInWords(run),
    command,
    rounds: rounds.length,
    ended: endInWords(run),
    held: endedBy === "held",
    ending,
    expectations: expectations.map((each, index) => expectedOf(each, heldRounds(run, index), reasons(run, index))),
    figures: FIGURES.flatMap((figure) => {
      const spread = spreadOf(valuesOf(figure, run));
      if (spread === undefined) return [];
      return { name: figure.name, unit: figure.unit, median: spread.median, worst: worstOf(figure, spread) };
    }),
  };
}

/** New entries take the place of those about the same experiment; in the order of their ids. */
export function mergeEntries(known: readonly ResultEntry[], fresh: readonly ResultEntry[]): ResultEntry[] {
  const entries = new Map([...known, ...fresh].map((entry) => [entry.experiment, entry]));
  return [...entries.values()].sort((one, other) =>
    one.experiment.localeCompare(other.experiment, "en", { numeric: true }),
  );
}

function expectedOf(judged: JudgedExpectation, heldIn: string | undefined, notes: readonly string[]): Expected {
  return {
    ...judged,
    ...(heldIn === undefined ? {} : { heldIn }),
    ...(notes.length === 0 ? {} : { notes: [...notes] }),
  };
}
