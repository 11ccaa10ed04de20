import { runExperiment } from "../engine/run-experiment.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { loadExperiment } from "../experiment/load-experiment.ts";
import { EXPERIMENTS } from "../experiments/registry.ts";
import { writeReport } from "../report/write-report.ts";
import { writeChaosResults } from "../report/write-results.ts";
import { CHAOS_EXIT, ChaosError, type EndedBy } from "../run/exit.ts";
import type { ExperimentRun, JudgedExpectation } from "../run/record.ts";
import type { ChaosDeps, StandAtHand } from "./deps.ts";

export interface RunCommandOptions {
  readonly rounds?: number;
  readonly target?: string;
  readonly runs?: string;
  readonly iOwnTheseMachines: boolean;
  /** Takes the runs into docs/results. */
  readonly write: boolean;
  readonly json: boolean;
}

/** After these the next experiment of a list is not begun. */
const LAST: readonly EndedBy[] = ["not-undone", "not-steady", "interrupted", "terminated"];

/** Runs experiments one after another: ids of the book, files, or `all`. @returns the exit code of the first one that did not hold */
export async function run(names: readonly string[], options: RunCommandOptions, deps: ChaosDeps): Promise<number> {
  const experiments = await experimentsOf(names);
  const atHand = await deps.stand();
  assertMayBeHurt(atHand, options);
  const records: ExperimentRun[] = [];
  for (const experiment of experiments) {
    const record = await runOne(experiment, options, deps, atHand);
    records.push(record);
    // After each: the whole book takes hours.
    if (options.write) {
      await writeChaosResults([record], `ring chaos run ${names.join(" ")}`);
      deps.output.say("docs/results/chaos.md is written");
    }
    if (LAST.includes(record.endedBy)) break;
  }
  return records.find(({ exit }) => exit !== CHAOS_EXIT.held)?.exit ?? CHAOS_EXIT.held;
}

async function experimentsOf(names: readonly string[]): Promise<readonly Experiment[]> {
  if (names.length === 1 && names[0] === "all") return EXPERIMENTS;
  return Promise.all(names.map(loadExperiment));
}

function assertMayBeHurt({ stand, isOurs }: StandAtHand, { iOwnTheseMachines }: RunCommandOptions): void {
  if (isOurs || iOwnTheseMachines) return;
  throw new ChaosError(
    `The machines of ${stand.name} are real ones: an experiment does faults to them. If they are yours and may be hurt, say --i-own-these-machines.`,
    CHAOS_EXIT.usage,
  );
}

async function runOne(
  experiment: Experiment,
  options: RunCommandOptions,
  deps: ChaosDeps,
  atHand: StandAtHand,
): Promise<ExperimentRun> {
  const { output, signal, interruptedBy } = deps;
  output.say(`${experiment.id}: ${experiment.title}`);
  output.say(`hypothesis: ${experiment.hypothesis}`);
  const { record, folder } = await runExperiment(experiment, {
    stand: atHand.stand,
    runs: options.runs ?? deps.runs,
    rounds: options.rounds,
    target: options.target,
    alertsSince: atHand.alertsSince,
    signal,
    interruptedBy,
    say: (text) => output.say(text),
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
