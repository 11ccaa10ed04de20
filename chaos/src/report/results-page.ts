import type { Page } from "../book/suites.ts";
import { escapeMarkdown, markdownTable } from "./markdown.ts";
import { changesBecauseOf } from "./product-changes.ts";
import { reportedAbout } from "./report-of-2023.ts";
import type { ResultEntry } from "./results.ts";
import { figureInWords, limitInWords, VERDICTS } from "./words.ts";

/** Columns of the first table, by the names of figures or the metrics of expectations. */
const OVERVIEW: NonNullable<Page["columns"]> = [
  ["failed reads", "Failed reads"],
  ["failed writes", "Failed writes, those of unknown outcome included"],
  ["longest time without a write", "Longest time without an acknowledged write"],
  ["new primary after", "Time to a new primary"],
  ["wrong", "What the history checker found wrong"],
];

/** A page of docs/results, from the entries of its JSON file. */
export function resultsPage(
  entries: readonly ResultEntry[],
  suite: string,
  { title, columns = OVERVIEW }: Page,
): string {
  const facts = entries.map(
    ({ date, commit, computer, stand }) => `${date}, commit ${commit}, ${computer}, stand ${stand}`,
  );
  const commands = [...new Set(entries.map(({ command }) => command))];
  return [
    `# Results: ${title}`,
    "",
    `Written by \`ring chaos run --suite ${suite} --write\`; do not edit. The commands were:`,
    "",
    ...commands.map((command) => `    ${command.replace(/\s+/g, " ")}`),
    "",
    ...[...new Set(facts)].map((fact) => `- ${escapeMarkdown(fact)}`),
    "",
    "Figures are median / worst of the rounds. An expectation is held when it was held in every round. Wrong: acknowledged writes lost, stored",
    "twice or changed, stale or contradictory reads ([history.md](../history.md)).",
    "",
    overview(entries, columns),
    "",
    ...entries.flatMap((entry) => [details(entry), ""]),
  ].join("\n");
}

function overview(entries: readonly ResultEntry[], columns: NonNullable<Page["columns"]>): string {
  const header = ["experiment", "rounds", ...columns.map(([column]) => column), "verdict"];
  const rows = entries.map((entry) => [
    `${entry.experiment} ${entry.title}`,
    String(entry.rounds),
    ...columns.map(([, name]) => figureOf(entry, name)),
    entry.ended,
  ]);
  return markdownTable(header, rows);
}

function figureOf({ figures, expectations }: ResultEntry, name: string): string {
  const figure = figures.find((each) => each.name === name) ?? expectations.find(({ metric }) => metric === name);
  if (figure === undefined) return "–";
  const [median, worst] = [figure.median, figure.worst].map((value) => figureInWords(value, figure.unit));
  return median === worst ? String(median) : `${median} / ${worst}`;
}

function details(entry: ResultEntry): string {
  const { experiment, title, hypothesis, ending, ended, run, date, rounds } = entry;
  const reported = reportedAbout(experiment);
  return [
    `## ${escapeMarkdown(`${experiment} ${title}`)}`,
    "",
    `Hypothesis: ${escapeMarkdown(hypothesis)}`,
    "",
    `Verdict: **${ended}**. ${escapeMarkdown(ending)} (run ${escapeMarkdown(run)}, ${date}, ${rounds} ${rounds === 1 ? "round" : "rounds"})`,
    "",
    expectations(entry),
    "",
    ...(reported === undefined
      ? []
      : [
          `Report of 2023: ${reported.fault}. Expected: ${reported.expected}. Saw: ${reported.saw}.`,
          ...(reported.difference === undefined ? [] : [reported.difference]),
          "",
        ]),
    ...changes(experiment),
  ].join("\n");
}

function expectations({ expectations: all }: ResultEntry): string {
  const rows = all.map((each) => [
    [each.words, ...(each.notes ?? [])].join("; "),
    limitInWords(each) ?? "–",
    figureInWords(each.median, each.unit),
    figureInWords(each.worst, each.unit),
    VERDICTS[each.verdict],
    each.heldIn ?? "–",
  ]);
  return markdownTable(["expected", "limit", "median", "worst", "verdict", "held in"], rows);
}

function changes(experiment: string): string[] {
  const found = changesBecauseOf(experiment);
  if (found.length === 0) return ["Changed in the product because of it: nothing."];
  return [
    "Changed in the product because of it:",
    "",
    ...found.map(({ change, effect, where }) => `- ${change} Effect: ${effect} (\`${where}\`).`),
  ];
}
