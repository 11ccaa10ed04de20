import { addRunCommands, EXIT } from "@goldenring/run-kit";
import type { Command } from "commander";
import { LOAD_RUNS } from "../report/run-page.ts";
import { allFiguresOf2023, SCENARIOS, scenarioNamed } from "../scenarios.ts";
import { DATA_SIZE_NAMES, DATA_SIZES } from "../seed/growth.ts";
import { ALL_OPTIONS, measureAll } from "./all.ts";
import { CAPACITY_OPTIONS, searchCapacity } from "./capacity.ts";
import type { LoadDeps } from "./deps.ts";
import { argument, declareOptions, type OptionTable, type OptionValues, oneOf, type RUNS } from "./option-table.ts";
import { runScenario, SCENARIO_OPTIONS } from "./run-scenario.ts";
import { removeSeeds, SEED_OPTIONS, seed, UNSEED_OPTIONS } from "./seed.ts";
import { measureSizes, SIZES_OPTIONS } from "./sizes.ts";

export const LOAD_HELP = `
Examples:
  ring load list
  ring load browse-cities --target http://127.0.0.1:8080
  ring load browse-cities --ramp 600/30s --max-users 1200
  ring load heavy-query --users 100 --duration 2m --encoding identity
  ring load capacity browse-cities
  ring load sizes --replicas 1,3,5 --cpu 0.25,0.5
  ring load all --write;  ring load all --only steady,chaos --write
  ring load runs;  ring load report;  ring load compare RUN RUN
  ring load seed full                                             into the running stand; later: ring load unseed
  ring load seed full --database postgres://user@host/weather     into any other database

A run ends when an objective is missed or its time is over. It leaves a folder in runs/load:
  report.html                   the run on one page
  k6-report.html                k6's own page
  run.json, series.json         options, verdict and figures; every second
  k6-summary.json, k6.log       what k6 wrote

Exit codes: 10 an objective was missed, 11 the target is unreachable, 12 k6 is not installed, 13 the target is unfit.
All of them: docs/ring.md

Environment:
  GOLDENRING_K6   the k6 to use, instead of the one in PATH or in Go's bin folder
  DATABASE_URL    as --database: keeps a password out of the command line

More: docs/load.md`;

const SIZES = Object.entries(DATA_SIZES)
  .map(([name, { cities, values }]) => `${name}: ${cities} cities, ${values} values`)
  .join("; ");

export function addLoadCommands(program: Command, deps: LoadDeps): void {
  program.addHelpText("after", LOAD_HELP);

  /** @param work gets the dependencies with the folder that `--runs` names; returns the exit code where it may be another than 0 */
  const add = <Table extends OptionTable>(
    usage: string,
    about: string,
    table: Table,
    work: (options: OptionValues<Table>, deps: LoadDeps, words: readonly string[]) => Promise<number> | Promise<void>,
  ): void => {
    const command = program.command(usage).description(about);
    const options = declareOptions(command, table);
    command.action(async () => {
      const { runs = deps.runs } = command.opts<OptionValues<typeof RUNS>>();
      deps.outcome.exitCode = (await work(options(), { ...deps, runs }, command.args)) ?? EXIT.ok;
    });
  };

  add("list", "the scenarios, and what the 2023 baseline reached with each", {}, listScenarios);
  for (const scenario of SCENARIOS) {
    add(scenario.name, scenario.about, SCENARIO_OPTIONS, (options, own) => runScenario(scenario, options, own));
  }
  add(
    "seed <size>",
    `add data up to a size (${SIZES}); data that are there stay`,
    SEED_OPTIONS,
    (options, own, [size]) => seed(argument(oneOf(DATA_SIZE_NAMES), size), options, own),
  );
  add(
    "unseed",
    "remove the data that `seed` and scenarios have added to a database; asks before it removes rows that no record names",
    UNSEED_OPTIONS,
    removeSeeds,
  );
  add(
    "capacity <scenario>",
    "find the highest number of users within the objectives: doubling, bisection, the last steps repeated",
    CAPACITY_OPTIONS,
    ({ warmUp: warmUpSeconds, hold: holdSeconds, ...options }, own, [name]) => {
      const scenario = scenarioNamed(argument(oneOf(SCENARIOS.map((each) => each.name)), name));
      return searchCapacity(scenario, { ...options, warmUpSeconds, holdSeconds }, own);
    },
  );
  add(
    "all",
    "measure every figure that has a target, of the product and the baseline, on the running stand; then restore the stand",
    ALL_OPTIONS,
    measureAll,
  );
  add(
    "sizes",
    "the capacity at several sizes of the API: replicas, their CPU, their memory; then give the stand its size back",
    SIZES_OPTIONS,
    (options, own) => measureSizes(options, own),
  );
  addRunCommands(program, deps, LOAD_RUNS);
}

async function listScenarios(_: object, { output }: LoadDeps): Promise<void> {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  for (const scenario of SCENARIOS) {
    output.result(`${scenario.name.padEnd(width)}  ${scenario.about}`);
    output.result(`${" ".repeat(width)}  2023: ${allFiguresOf2023(scenario)}`);
  }
}
