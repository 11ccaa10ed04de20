import { escapeMarkdown, markdownTable, plural, resultsPage } from "@goldenring/run-kit";
import * as z from "zod";
import type { Page } from "../book/registry.ts";
import type { ExperimentRun } from "../run/record.ts";
import { FAILOVER, FIGURES, medianAndWorst, summaryOf, valuesOf } from "./figures.ts";
import { ExpectationOutcome, expectationsOf, expectationsTable } from "./summary.ts";
import { changesBecauseOf, endText, of2023, provenanceTexts } from "./words.ts";

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
  expectations: z.array(ExpectationOutcome),
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
      const summary = summaryOf(figure, valuesOf(figure, run));
      return summary ? { name: figure.name, unit: figure.unit, ...summary } : [];
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

/** Columns of the first table, by the names of figures or the metrics of expectations. */
const OVERVIEW: NonNullable<Page["columns"]> = [
  ["failed reads", "Failed reads"],
  ["failed writes", "Failed writes, those of unknown outcome included"],
  ["longest time without a write", "Longest time without an acknowledged write"],
  ["new primary after", "Time to a new primary"],
  ["violations", "Violations found by the history checker"],
];

const VIOLATIONS = `Violations are acknowledged writes that were lost, stored twice or changed, and stale or contradictory reads
([history.md](../history.md)).`;

export function experimentsPage(entries: readonly ResultEntry[], suite: string, page: Page): string {
  const { title, columns = OVERVIEW } = page;
  return resultsPage({
    title,
    writtenBy: `ring chaos run --suite ${suite} --write`,
    commands: entries.map(({ command }) => command),
    facts: entries.map(({ date, commit, computer, stand }) => `${date}, commit ${commit}, ${computer}, stand ${stand}`),
    body: [
      "Figures are median / worst of the rounds. An expectation is held when it was held in every round; a figure without a target is measured.",
      ...(columns === OVERVIEW ? [VIOLATIONS] : []),
      "",
      overview(entries, columns),
      "",
      ...failovers(entries),
      ...entries.flatMap((entry) => [details(entry), ""]),
    ],
  });
}

function overview(entries: readonly ResultEntry[], columns: NonNullable<Page["columns"]>): string {
  const header = ["experiment", "rounds", ...columns.map(([column]) => column), "verdict"];
  const rows = entries.map((entry) => [
    `${entry.experiment} ${entry.title}`,
    String(entry.rounds),
    ...columns.map(([, wanted]) => {
      const { figures, expectations } = entry;
      const figure =
        figures.find(({ name }) => name === wanted) ?? expectations.find(({ metric }) => metric === wanted);
      return medianAndWorst(figure, figure?.unit ?? "");
    }),
    entry.ended,
  ]);
  return markdownTable(header, rows);
}

/** Nothing where no entry has the parts of one. */
function failovers(entries: readonly ResultEntry[]): string[] {
  const parts = FIGURES.filter(({ name }) => name.startsWith(FAILOVER));
  const rows = entries.flatMap(({ experiment, title, figures }) => {
    const found = parts.map((part) => figures.find(({ name }) => name === part.name));
    if (found.every((figure) => figure === undefined)) return [];
    return [[`${experiment} ${title}`, ...found.map((figure) => medianAndWorst(figure, "ms"))]];
  });
  if (rows.length === 0) return [];
  const header = ["failover in", ...parts.map(({ name }) => name.slice(FAILOVER.length))];
  return [
    "What each part of a failover took ([cluster.md](../cluster.md#failovers)):",
    "",
    markdownTable(header, rows),
    "",
  ];
}

function details(entry: ResultEntry): string {
  const { experiment, title, hypothesis, held, ending, ended, run, date, rounds } = entry;
  const baseline = of2023(experiment);
  const changes = changesBecauseOf(experiment);
  const paragraphs = [
    `## ${escapeMarkdown(`${experiment} ${title}`)}`,
    `Hypothesis: ${escapeMarkdown(hypothesis)}`,
    `Verdict: **${ended}**.${held ? "" : ` ${escapeMarkdown(ending)}`} (run ${escapeMarkdown(run)}, ${date}, ${plural(rounds, "round")})`,
    expectationsTable(entry.expectations),
    baseline &&
      `2023: ${baseline.fault}. Expected: ${baseline.expected}. Saw: ${baseline.saw}.\n${baseline.difference ?? ""}`.trim(),
    changes.length === 0 ? "Changed in the product because of it: nothing." : "Changed in the product because of it:",
    changes.map(({ change, effect, where }) => `- ${change} Effect: ${effect} (\`${where}\`).`).join("\n"),
  ];
  return paragraphs.filter(Boolean).join("\n\n");
}
