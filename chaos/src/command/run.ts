import { CommandError, duration, EXIT } from "@goldenring/run-kit";
import { SUITES, type Suite, type SuiteName } from "../book/suites.ts";
import { runExperiment } from "../engine/run-experiment.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { loadExperiment } from "../experiment/load-experiment.ts";
import { endInWords } from "../report/words.ts";
import { writeJunit, writeReport } from "../report/write-report.ts";
import { writeResults } from "../report/write-results.ts";
import type { EndedBy, ExperimentRun, JudgedExpectation } from "../run/record.ts";
import type { AvailableStand, ChaosDeps } from "./deps.ts";
import { columns } from "./list.ts";

export interface RunCommandOptions {
  readonly rounds?: number;
  readonly suite?: SuiteName;
  readonly target?: string;
  readonly runs?: string;
  readonly iOwnTheseMachines: boolean;
  /** Takes the runs into docs/results. */
  readonly write: boolean;
  readonly json: boolean;
}

/** From good to bad. */
const ENDS: readonly EndedBy[] = [
  "held",
  "not-steady",
  "deviated",
  "aborted",
  "failed",
  "not-undone",
  "interrupted",
  "terminated",
];
/** After these the next experiment does not start. */
const LAST: readonly EndedBy[] = ["not-undone", "interrupted", "terminated"];

/** Runs experiments one after another: ids of the book, files, or a suite. @returns the exit code of the worst end */
export async function run(names: readonly string[], options: RunCommandOptions, deps: ChaosDeps): Promise<number> {
  if ((options.suite === undefined) === (names.length === 0))
    throw new CommandError("Name experiments or a suite: `ring chaos list` shows both.", "usage");
  const suite: Suite | undefined = options.suite && SUITES[options.suite];
  const experiments = await Promise.all((suite?.experiments ?? names).map(loadExperiment));
  const atHand = await deps.stand();
  assertMayBeHurt(atHand, options);
  const startedAt = new Date();
  const command = `ring chaos run ${options.suite === undefined ? names.join(" ") : `--suite ${options.suite}`}`;
  const records: ExperimentRun[] = [];
  for (const experiment of experiments) {
    const rounds = options.rounds ?? suite?.rounds;
    const record = await runOne(experiment, { ...options, ...(rounds === undefined ? {} : { rounds }) }, deps, atHand);
    records.push(record);
    // After each: the whole book takes hours.
    if (options.write) {
      const pages = await writeResults(record, command);
      deps.output.log(`written: ${pages.join(", ") || "nothing"}`);
    }
    if (LAST.includes(record.endedBy)) break;
  }
  if (records.length > 1) {
    const junit = writeJunit(options.runs ?? deps.runs, options.suite ?? "runs", startedAt, records);
    if (!options.json) deps.output.result(`${summary(records)}\n${junit}`);
  }
  return records.toSorted((one, other) => ENDS.indexOf(other.endedBy) - ENDS.indexOf(one.endedBy))[0]?.exit ?? EXIT.ok;
}

/** How each experiment ended. */
function summary(records: readonly ExperimentRun[]): string {
  return columns(
    records.map(({ experiment, rounds, startedAt, endedAt, ending, endedBy }) => [
      experiment.id,
      endInWords({ endedBy }),
      `${rounds.length} ${rounds.length === 1 ? "round" : "rounds"}`,
      duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000),
      endedBy === "held" ? "" : (ending.split("\n")[0] ?? ""),
    ]),
  );
}

function assertMayBeHurt({ stand, isOurs }: AvailableStand, { iOwnTheseMachines }: RunCommandOptions): void {
  if (isOurs || iOwnTheseMachines) return;
  throw new CommandError(
    `The machines of ${stand.name} are real ones: an experiment does faults to them. If they are yours and may be hurt, say --i-own-these-machines.`,
    "usage",
  );
}

async function runOne(
  experiment: Experiment,
  options: RunCommandOptions,
  deps: ChaosDeps,
  atHand: AvailableStand,
): Promise<ExperimentRun> {
  const { output, signal } = deps;
  output.log(`${experiment.id}: ${experiment.title}`);
  output.log(`hypothesis: ${experiment.hypothesis}`);
  const { record, folder } = await runExperiment(experiment, {
    stand: atHand.stand,
    runs: options.runs ?? deps.runs,
    rounds: options.rounds,
    target: options.target,
    monitoring: atHand.monitoring,
    signal,
    log: (text) => output.log(text),
  });
  const page = await writeReport(folder, record);
  output.result(options.json ? JSON.stringify(record) : resultText(record, page));
  return record;
}

function resultText({ id, ending, expectations, rounds }: ExperimentRun, page: string): string {
  const rows = expectations.map(({ verdict, words, median, worst, unit, limit, comparison }) => {
    const bar = limit === null ? "" : `, ${comparison} ${limit}`;
    const figures = worst === null ? "no figure" : `median ${shown(median)}, worst ${shown(worst)} ${unit}${bar}`;
    return `  ${MARKS[verdict]}  ${words}: ${figures}`;
  });
  return [`${id}, ${rounds.length} rounds`, ...rows, ending, page].join("\n");
}

const MARKS: Readonly<Record<JudgedExpectation["verdict"], string>> = {
  held: "held   ",
  missed: "MISSED ",
  stated: "stated ",
  unknown: "UNKNOWN",
};

const shown = (figure: number | null): string => (figure === null ? "none" : String(Math.round(figure * 10) / 10));
