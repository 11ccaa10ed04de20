import { join } from "node:path";
import {
  junitXml,
  moment,
  type Outcome,
  plural,
  type RunKind,
  secondsBetween,
  type TestSuite,
  timeOrCount,
  writeResults,
} from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import { SUITES, type Suite } from "../book/registry.ts";
import { type ExperimentRun, type JudgedExpectation, RUN_FILES, readRun } from "../run/record.ts";
import { comparisonOf } from "./comparison-page.ts";
import { entryOf, experimentsPage, mergeEntries, ResultEntry } from "./results.ts";
import { runPage } from "./run-page.ts";
import { runSummary } from "./summary.ts";
import { endText, provenanceTexts, reasons, targetText } from "./words.ts";

/** Writes the reports of a run into its folder: a page, a summary and a file for CI. @returns the path of the page */
export async function writeReport(folder: string, run: ExperimentRun): Promise<string> {
  const page = join(folder, "report.html");
  replaceFile(page, await runPage(run));
  replaceFile(join(folder, "summary.md"), runSummary(run));
  replaceFile(join(folder, "junit.xml"), junitOfRuns([run]));
  return page;
}

export const EXPERIMENT_RUNS: RunKind<ExperimentRun> = {
  record: RUN_FILES.record,
  read: readRun,
  row: (run) => [endText(run), plural(run.rounds.length, "round"), moment(run.startedAt)],
  report: async (folder) => writeReport(folder, await readRun(folder)),
  junit: (run) => junitOfRuns([run]),
  compare: comparisonOf,
};

/**
 * Adds a run to the results pages whose suites have its experiment (without any: to that of the chaos experiments), in place of an earlier one.
 * Not a run that a person has ended, or one that this stand cannot have: it tells nothing about the stand.
 * @param command what a person typed to run this @returns the pages that were written
 */
export async function writeRunResults(run: ExperimentRun, command: string, folder?: string): Promise<string[]> {
  if (["interrupted", "terminated", "not-available"].includes(run.endedBy)) return [];
  const suites = Object.values<Suite>(SUITES).filter(({ experiments }) => experiments.includes(run.experiment.id));
  const found = suites.flatMap(({ page }) => page ?? []);
  const pages = found.length > 0 ? found : [SUITES.chaos.page];
  for (const { name } of pages) await writePage(name, [entryOf(run, command)], folder);
  return pages.map(({ name }) => `docs/results/${name}.md`);
}

/** Adds entries to a results page of a suite; none only write it again. @throws {Error} where no suite has such a page */
export async function writePage(name: string, entries: readonly ResultEntry[], folder?: string): Promise<void> {
  const [suite, { page }] = Object.entries<Suite>(SUITES).find(([, each]) => each.page?.name === name) ?? ["", {}];
  if (page === undefined) throw new Error(`no suite has a page ${name}`);
  const round = (value: number): number => Math.round(value * 10) / 10;
  const pageOf = (all: readonly ResultEntry[]): string => experimentsPage(all, suite, page);
  await writeResults({ name, schema: ResultEntry, merge: mergeEntries, round, page: pageOf }, entries, folder);
}

/** Runs as JUnit XML: a suite for each, with a case for each expectation and one for the end of the run. */
export function junitOfRuns(runs: readonly ExperimentRun[]): string {
  return junitXml("chaos", runs.map(suiteOf));
}

function suiteOf(run: ExperimentRun): TestSuite {
  const { id, experiment, startedAt, endedAt, endedBy, ending, rounds } = run;
  const { title, hypothesis } = experiment;
  const isComplete = endedBy === "held" || endedBy === "deviated";
  const expectations = run.expectations.map((each, index) => ({
    name: [each.words, targetText(each) ?? []].flat().join(": "),
    outcome: outcomeOf(run, each, index),
  }));
  const end: Outcome = isComplete
    ? { kind: "passed" }
    : { kind: "error", message: endText(run), type: endedBy, details: ending };
  return {
    name: `chaos.${experiment.id}`,
    start: startedAt,
    seconds: secondsBetween(startedAt, endedAt),
    properties: { run: id, title, hypothesis, rounds: rounds.length, ...provenanceTexts(run) },
    cases: [...expectations, { name: "The run comes to its end and every fault is undone", outcome: end }],
  };
}

function outcomeOf(run: ExperimentRun, expectation: JudgedExpectation, index: number): Outcome {
  const { verdict, metric, median, worst, unit } = expectation;
  const figures = `worst ${timeOrCount(worst, unit)}, median ${timeOrCount(median, unit)} of ${run.rounds.length} rounds`;
  const details = reasons(run, index).join("\n");
  if (verdict === "held") return { kind: "passed" };
  if (verdict === "missed") return { kind: "failure", message: figures, type: metric, details };
  if (verdict === "measured") return { kind: "skipped", message: `measured without a target; ${figures}` };
  return { kind: "error", message: "there is no figure to judge", type: metric, details };
}
