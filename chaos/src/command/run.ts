import { join } from "node:path";
import { CommandError, columns, duration, EXIT, plural, secondsBetween, timeOrCount } from "@goldenring/run-kit";
import { replaceFile } from "@goldenring/stand";
import { SUITES, type Suite, type SuiteName } from "../book/registry.ts";
import { type RunOptions, runExperiment } from "../engine/run-experiment.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { endText, targetText } from "../report/words.ts";
import { junitOfRuns, writeReport, writeRunResults } from "../report/write.ts";
import { ENDS, type ExperimentRun } from "../run/record.ts";
import type { AvailableStand, ChaosDeps } from "./deps.ts";
import { loadWithService } from "./list.ts";

export interface RunCommandOptions extends Partial<Pick<RunOptions, "rounds" | "target" | "runs">> {
  readonly suite?: SuiteName;
  /** File of the service. */
  readonly service?: string;
  readonly iOwnTheseMachines: boolean;
  readonly write: boolean;
  readonly json: boolean;
}

/** After these no other experiment starts. */
const LAST: readonly ExperimentRun["endedBy"][] = ["not-undone", "interrupted", "terminated"];

/** Runs experiments one after another: ids of the book, files, or a suite. @returns the exit code of the worst end */
export async function run(names: readonly string[], options: RunCommandOptions, deps: ChaosDeps): Promise<number> {
  if ((options.suite === undefined) === (names.length === 0))
    throw new CommandError("Name experiments or a suite: `ring chaos list` shows both.", "usage");
  const suite: Suite | undefined = options.suite && SUITES[options.suite];
  const experiments = await Promise.all(
    (suite?.experiments ?? names).map((name) => loadWithService(name, options.service)),
  );
  const available = await deps.stand();
  assertMayBeHurt(available, options);
  const runs = options.runs ?? deps.runs;
  const typed = `ring chaos run ${options.suite === undefined ? names.join(" ") : `--suite ${options.suite}`}`;
  const startedAt = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const ofRuns = { ...options, runs, rounds: options.rounds ?? suite?.rounds };
  const records: ExperimentRun[] = [];
  for (const experiment of experiments) {
    const record = await runOne(experiment, ofRuns, deps, available);
    records.push(record);
    // After each: a suite may take hours.
    const pages = options.write ? await writeRunResults(record, typed) : [];
    if (pages.length > 0) deps.output.log(`updated: ${pages.join(", ")}`);
    if (LAST.includes(record.endedBy)) break;
  }
  if (records.length > 1) {
    const junit = join(runs, `${startedAt}Z-${options.suite ?? "runs"}.junit.xml`);
    replaceFile(junit, junitOfRuns(records));
    if (!options.json) deps.output.result(`${summary(records)}\n${junit}`);
  }
  // A suite is for every stand: what one cannot have is named in the table, and counts for nothing.
  const counting = records.filter(({ endedBy }) => suite === undefined || endedBy !== "not-available");
  const worst = Object.values(ENDS).findLast(({ exit }) => counting.some((record) => record.exit === exit));
  return worst?.exit ?? EXIT.ok;
}

function summary(records: readonly ExperimentRun[]): string {
  return columns(
    records.map(({ experiment, rounds, startedAt, endedAt, ending, endedBy }) => [
      experiment.id,
      endText({ endedBy }),
      plural(rounds.length, "round"),
      duration(secondsBetween(startedAt, endedAt)),
      endedBy === "held" ? "" : (ending.split("\n")[0] ?? ""),
    ]),
  ).join("\n");
}

function assertMayBeHurt({ stand, isOurs }: AvailableStand, { iOwnTheseMachines }: RunCommandOptions): void {
  if (isOurs || iOwnTheseMachines) return;
  throw new CommandError(
    `The machines of ${stand.name} are real ones, and an experiment injects faults into them. If they are yours and may be hurt, add --i-own-these-machines.`,
    "usage",
  );
}

async function runOne(
  experiment: Experiment,
  { json, service: _, ...options }: RunCommandOptions & Pick<RunOptions, "runs" | "rounds">,
  { output, signal }: ChaosDeps,
  available: AvailableStand,
): Promise<ExperimentRun> {
  output.log(`${experiment.id}: ${experiment.title}`);
  output.log(`hypothesis: ${experiment.hypothesis}`);
  const { log } = output;
  const { stand, monitoring } = available;
  const { record, folder } = await runExperiment(experiment, { ...options, stand, monitoring, signal, log });
  const page = await writeReport(folder, record);
  output.result(json ? JSON.stringify(record) : resultText(record, page));
  return record;
}

function resultText({ id, ending, expectations, rounds }: ExperimentRun, page: string): string {
  const rows = expectations.map((expectation) => {
    const { verdict, words, median, worst, unit } = expectation;
    const figures =
      worst === null ? "no figure" : `median ${timeOrCount(median, unit)}, worst ${timeOrCount(worst, unit)}`;
    const isWrong = verdict === "missed" || verdict === "unknown";
    const text = [`${words}: ${figures}`, targetText(expectation) ?? []].flat().join(", ");
    return [`  ${isWrong ? verdict.toUpperCase() : verdict}`, text];
  });
  return [`${id}, ${plural(rounds.length, "round")}`, ...columns(rows), ending, page].join("\n");
}
