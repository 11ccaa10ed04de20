import { escapeMarkdown, markdownTable, plural, resultsPage } from "@goldenring/run-kit";
import * as z from "zod";
import type { Page } from "../book/suites.ts";
import { COMPARISONS } from "../experiment/experiment.ts";
import type { ExperimentRun } from "../run/record.ts";
import { of2023 } from "./baseline-2023.ts";
import { FIGURES, medianAndWorst, summaryOf } from "./figures.ts";
import { changesBecauseOf } from "./product-changes.ts";
import { expectationsOf, expectationsTable } from "./summary.ts";
import { endText, provenanceTexts } from "./words.ts";

const Expectation = z.object({
  words: z.string(),
  comparison: z.enum(COMPARISONS).nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  median: z.number().nullable(),
  worst: z.number().nullable(),
  /** `measured`: no target was set. */
  verdict: z.enum(["held", "missed", "measured", "unknown"]),
  /** "4 of 5" rounds. */
  heldIn: z.string().optional(),
  /** Absent in entries that were written without it. */
  metric: z.string().optional(),
  /** What the rounds say about it. */
  notes: z.array(z.string()).min(1).optional(),
});

const Figure = z.object({ name: z.string(), unit: z.enum(["ms", ""]), median: z.number(), worst: z.number() });

/** What a results file keeps of an experiment: its last run. */
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
  expectations: z.array(Expectation),
  figures: z.array(Figure),
});
export type ResultEntry = z.infer<typeof ResultEntry>;

/** @param command what a person typed to run this */
export function entryOf(run: ExperimentRun, command: string): ResultEntry {
  const { id, experiment, startedAt, endedBy, ending, rounds } = run;
  return {
    experiment: experiment.id,
    title: experiment.title,
    hypothesis: experiment.hypothesis,
    run: id,
    date: startedAt.slice(0, 10),
    ...provenanceTexts(run),
    command,
    rounds: rounds.length,
    ended: endText(run),
    held: endedBy === "held",
    ending,
    expectations: expectationsOf(run),
    figures: FIGURES.flatMap((figure) => {
      const summary = summaryOf(figure, run);
      return summary === undefined ? [] : { name: figure.name, unit: figure.unit, ...summary };
    }),
  };
}

/** Words of entries of version 1, and what they are called. */
const RENAMED: Readonly<Record<string, string>> = {
  stated: "measured",
  "Time from the last undo until all was as before": "Time from the last undo until the steady state",
  "What the history checker found wrong": "Violations found by the history checker",
  "Reads that said that they were not confirmed": "Reads marked stale",
  "Of these older than an acknowledged write": "Reads marked stale and older than an acknowledged write",
};

/** From version 1 of the results files. */
export function upgraded(old: unknown): unknown {
  if (Array.isArray(old)) return old.map(upgraded);
  if (typeof old === "string") return RENAMED[old] ?? old;
  if (typeof old !== "object" || old === null) return old;
  return Object.fromEntries(Object.entries(old).map(([name, value]) => [name, upgraded(value)]));
}

/** New entries take the place of those about the same experiment; in the order of their ids. */
export function mergeEntries(known: readonly ResultEntry[], fresh: readonly ResultEntry[]): ResultEntry[] {
  const entries = new Map([...known, ...fresh].map((entry) => [entry.experiment, entry]));
  return [...entries.values()].sort((one, other) =>
    one.experiment.localeCompare(other.experiment, "en", { numeric: true }),
  );
}

/** Columns of the first table, by the names of figures or the metrics of expectations. */
const OVERVIEW: NonNullable<Page["columns"]> = [
  ["failed reads", "Failed reads"],
  ["failed writes", "Failed writes, those of unknown outcome included"],
  ["longest time without a write", "Longest time without an acknowledged write"],
  ["new primary after", "Time to a new primary"],
  ["violations", "Violations found by the history checker"],
];

const VIOLATIONS = [
  "Violations are acknowledged writes that were lost, stored twice or changed, and stale or contradictory reads",
  "([history.md](../history.md)).",
];

/** A page of docs/results, from the entries of its JSON file. */
export function experimentsPage(
  entries: readonly ResultEntry[],
  suite: string,
  { title, columns = OVERVIEW }: Page,
): string {
  return resultsPage({
    title,
    writtenBy: `ring chaos run --suite ${suite} --write`,
    commands: entries.map(({ command }) => command),
    facts: entries.map(({ date, commit, computer, stand }) => `${date}, commit ${commit}, ${computer}, stand ${stand}`),
    body: [
      "Figures are median / worst of the rounds. An expectation is held when it was held in every round; a figure without a target is measured.",
      ...(columns === OVERVIEW ? VIOLATIONS : []),
      "",
      overview(entries, columns),
      "",
      ...entries.flatMap((entry) => [details(entry), ""]),
    ],
  });
}

function overview(entries: readonly ResultEntry[], columns: NonNullable<Page["columns"]>): string {
  const header = ["experiment", "rounds", ...columns.map(([column]) => column), "verdict"];
  const rows = entries.map((entry) => [
    `${entry.experiment} ${entry.title}`,
    String(entry.rounds),
    ...columns.map(([, name]) => {
      const { figures, expectations } = entry;
      const figure = figures.find((each) => each.name === name) ?? expectations.find(({ metric }) => metric === name);
      return medianAndWorst(figure, figure?.unit ?? "");
    }),
    entry.ended,
  ]);
  return markdownTable(header, rows);
}

function details(entry: ResultEntry): string {
  const { experiment, title, hypothesis, ending, ended, run, date, rounds } = entry;
  const baseline = of2023(experiment);
  const changes = changesBecauseOf(experiment);
  const paragraphs = [
    `## ${escapeMarkdown(`${experiment} ${title}`)}`,
    `Hypothesis: ${escapeMarkdown(hypothesis)}`,
    `Verdict: **${ended}**. ${escapeMarkdown(ending)} (run ${escapeMarkdown(run)}, ${date}, ${plural(rounds, "round")})`,
    expectationsTable(entry.expectations),
    baseline &&
      [
        `2023: ${baseline.fault}. Expected: ${baseline.expected}. Saw: ${baseline.saw}.`,
        ...(baseline.difference === undefined ? [] : [baseline.difference]),
      ].join("\n"),
    changes.length === 0 ? "Changed in the product because of it: nothing." : "Changed in the product because of it:",
    changes.map(({ change, effect, where }) => `- ${change} Effect: ${effect} (\`${where}\`).`).join("\n"),
  ];
  return paragraphs.filter(Boolean).join("\n\n");
}
