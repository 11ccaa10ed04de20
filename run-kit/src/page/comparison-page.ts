import type { Figure } from "./chart.ts";
import { type Content, html, type Markup, marked, section, tableSection } from "./html.ts";
import { page } from "./page.ts";

/** A part of a run's set-up that matters for its figures. */
export type SetUpFact<Run> = readonly [name: string, of: (run: Run) => string];

/** The parts of the set-up that are not the same in all runs, with the value of each run. */
export function setUpDifferences<Run>(facts: readonly SetUpFact<Run>[], runs: readonly Run[]) {
  return facts
    .map(([name, of]) => [name, ...runs.map(of)] as const)
    .filter(([, ...values]) => new Set(values).size > 1);
}

export interface Comparison<Run> {
  readonly kind: string;
  readonly title: string;
  readonly lead?: string;
  readonly runs: Content;
  /** What is compared, by its name. */
  readonly compared: readonly { readonly name: string; readonly run: Run }[];
  readonly setUp: readonly SetUpFact<Run>[];
  readonly main: Content;
  readonly charts: readonly Figure[];
  readonly withoutCharts: string;
}

export function comparisonPage<Run>(comparison: Comparison<Run>): Promise<string> {
  const { kind, title, lead, runs, main, charts, withoutCharts } = comparison;
  return page({
    title,
    header: html`<p class="small">${kind}</p>
<h1>${title}</h1>
${lead && html`<p class="lead">${lead}</p>`}`,
    main: [section("runs", "Runs", runs), setUps(comparison), main],
    charts,
    withoutCharts,
  });
}

function setUps<Run>({ compared, setUp }: Comparison<Run>): Content {
  const title = "What differs in the set-up";
  const runs = compared.map(({ run }) => run);
  const differences = setUpDifferences(setUp, runs);
  return [
    tableSection("set-ups", title, ["Set-up", ...compared.map(({ name }) => name)], differences),
    differences.length > 1 &&
      html`<p class="small">More than one thing differs: the figures do not tell which of them matters.</p>`,
    differences.some(([name]) => name === "Computer") &&
      html`<p class="notice">The runs were made on different computers.</p>`,
  ];
}

/** A change that is no chance, marked as better or worse where one of them is. @param better which way the figure should go */
export function changeMark(words: string, change: number, better: "less" | "more" | undefined): Markup | string {
  if (better === undefined || change === 0) return words;
  const isBetter = change > 0 === (better === "more");
  return marked(`${words}: ${isBetter ? "better" : "worse"}`, isBetter);
}

/** Names of runs or sets: A to Z, then AA, AB and so on. */
export function letterOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last;
}
