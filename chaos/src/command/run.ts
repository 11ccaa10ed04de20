import { CommandError, duration, EXIT, plural, timeOrCount } from "@goldenring/run-kit";
import { loadExperiment } from "../book/load-experiment.ts";
import { SUITES, type Suite, type SuiteName } from "../book/suites.ts";
import { runExperiment } from "../engine/run-experiment.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { endText, targetText, verdictText } from "../report/words.ts";
import { writeJunit, writeReport, writeRunResults } from "../report/write.ts";
import type { EndedBy, ExperimentRun } from "../run/record.ts";
import type { AvailableStand, ChaosDeps } from "./deps.ts";
import { columns } from "./list.ts";

export interface RunCommandOptions {
  readonly rounds?: number;
  readonly suite?: SuiteName;
  readonly target?: string;
  readonly runs?: string;
  readonly iOwnTheseMachines: boolean;
  /** Updates the results pages. */
  readonly write: boolean;
  readonly json: boolean;
}

/** After these no other experiment starts. */
const LAST: readonly EndedBy[] = ["not-undone", "interrupted", "terminated"];
/** From good to bad. */
const ENDS: readonly EndedBy[] = ["held", "not-steady", "deviated", "aborted", "failed", ...LAST];

/** Runs experiments one after another: ids of the book, files, or a suite. @returns the exit code of the worst end */
export async function run(names: readonly string[], options: RunCommandOptions, deps: ChaosDeps): Promise<number> {
  if ((options.suite === undefined) === (names.length === 0))
    throw new CommandError("Name experiments or a suite: `ring chaos list` shows both.", "usage");
  const suite: Suite | undefined = options.suite && SUITES[options.suite];
  const experiments = await Promise.all((suite?.experiments ?? names).map(loadExperiment));
  const available = await deps.stand();
  assertMayBeHurt(available, options);
  const startedAt = new Date();
  const records: ExperimentRun[] = [];
  for (const experiment of experiments) {
    const record = await runOne(experiment, options.rounds ?? suite?.rounds, options, deps, available);
    records.push(record);
    // After each: a suite may take hours.
    if (options.write) await writePages(record, names, options, deps);
    if (LAST.includes(record.endedBy)) break;
  }
  if (records.length > 1) {
    const junit = writeJunit(options.runs ?? deps.runs, options.suite ?? "runs", startedAt, records);
    if (!options.json) deps.output.result(`${summary(records)}\n${junit}`);
  }
  return records.toSorted((one, other) => ENDS.indexOf(other.endedBy) - ENDS.indexOf(one.endedBy))[0]?.exit ?? EXIT.ok;
}

async function writePages(
  record: ExperimentRun,
  names: readonly string[],
  { suite }: RunCommandOptions,
  { output }: ChaosDeps,
): Promise<void> {
  const pages = await writeRunResults(
    record,
    `ring chaos run ${suite === undefined ? names.join(" ") : `--suite ${suite}`}`,
  );
  if (pages.length > 0) output.log(`updated: ${pages.join(", ")}`);
}

/** How each experiment ended. */
function summary(records: readonly ExperimentRun[]): string {
  return columns(
    records.map(({ experiment, rounds, startedAt, endedAt, ending, endedBy }) => [
      experiment.id,
      endText({ endedBy }),
      plural(rounds.length, "round"),
      duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000),
      endedBy === "held" ? "" : (ending.split("\n")[0] ?? ""),
    ]),
  );
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
  rounds: number | undefined,
  options: RunCommandOptions,
  { output, signal, runs }: ChaosDeps,
  { stand, monitoring }: AvailableStand,
): Promise<ExperimentRun> {
  output.log(`${experiment.id}: ${experiment.title}`);
  output.log(`hypothesis: ${experiment.hypothesis}`);
  const { record, folder } = await runExperiment(experiment, {
    stand,
    monitoring,
    runs: options.runs ?? runs,
    rounds,
    target: options.target,
    signal,
    log: (text) => output.log(text),
  });
  const page = await writeReport(folder, record);
  output.result(options.json ? JSON.stringify(record) : resultText(record, page));
  return record;
}

function resultText({ id, ending, expectations, rounds }: ExperimentRun, page: string): string {
  const rows = expectations.map((expectation) => {
    const { verdict, words, median, worst, unit } = expectation;
    const figures = `median ${timeOrCount(median, unit)}, worst ${timeOrCount(worst, unit)}`;
    const target = targetText(expectation);
    const text = verdictText(verdict);
    return [
      `  ${text === "missed" || text === "unknown" ? text.toUpperCase() : text}`,
      `${words}: ${worst === null ? "no figure" : figures}${target === undefined ? "" : `, ${target}`}`,
    ];
  });
  return [`${id}, ${plural(rounds.length, "round")}`, columns(rows), ending, page].join("\n");
}
