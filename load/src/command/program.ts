import { EXIT } from "@goldenring/run-kit";
import type { Command } from "commander";
import { PARTS } from "../all/parts.ts";
import { allFiguresOf2023, SCENARIOS, type Scenario, scenarioNamed } from "../scenarios.ts";
import { DATA_SIZES } from "../seed/growth.ts";
import { measureAll } from "./all.ts";
import { searchCapacity } from "./capacity.ts";
import type { LoadDeps } from "./deps.ts";
import {
  declareOptions,
  flag,
  type OptionTable,
  type OptionValues,
  oneOf,
  Port,
  parseArgument,
  Ramp,
  Seconds,
  someOf,
  text,
  Users,
} from "./option-table.ts";
import { compare, report } from "./reports.ts";
import { runScenario } from "./run-scenario.ts";
import { removeSeeds, seed } from "./seed.ts";

export const LOAD_HELP = `
Examples:
  ring load list
  ring load browse-cities --target http://127.0.0.1:8080
  ring load browse-cities --ramp 600/30s --max-users 1200
  ring load heavy-query --users 100 --duration 2m --encoding identity
  ring load capacity browse-cities
  ring load all --write;  ring load all --only steady,chaos --write
  ring load report;  ring load compare RUN RUN
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

const TARGET = {
  target: text("--target <url>", "the service (default: the ingress of the running stand)"),
  iOwnThisTarget: flag(
    "--i-own-this-target",
    "allow a target that is not on this computer, in a private network or in the inventory",
  ),
};
const ENCODING = {
  encoding: {
    flags: "--encoding <encoding>",
    about: "what clients ask for: gzip or identity (default: gzip)",
    schema: oneOf(["gzip", "identity"]),
  },
};
const RUNS = { runs: text("--runs <folder>", "where the folders of runs are made (default: runs/load)") };
const DATABASE = text("--database <url>", "the database (default: DATABASE_URL, or that of the running stand)");

const SCENARIO_OPTIONS = {
  ...TARGET,
  ramp: { flags: "--ramp <users/time>", about: "add this many users per time (default: 600/5m)", schema: Ramp },
  maxUsers: { flags: "--max-users <number>", about: "where the ramp ends (default: 3000)", schema: Users },
  users: { flags: "--users <number>", about: "a constant number of users instead of a ramp", schema: Users },
  duration: {
    flags: "--duration <time>",
    about: "length of the run, such as 90s or 5m (default: the whole ramp; 1m with --users)",
    schema: Seconds,
  },
  ...ENCODING,
  keepGoing: flag("--keep-going", "do not end the run when an objective is missed"),
  dashboard: {
    flags: "--dashboard [port]",
    about: "show k6's web dashboard on this computer during the run (default port: 5665)",
    schema: Port,
    preset: "5665",
  },
  ...RUNS,
  json: flag("--json", "print the record as JSON"),
};

const CAPACITY_OPTIONS = {
  ...TARGET,
  start: { flags: "--start <number>", about: "users of the first step (default: 300)", schema: Users },
  max: { flags: "--max <number>", about: "maximum of users to try (default: 10000)", schema: Users },
  warmUp: { flags: "--warm-up <time>", about: "start of each step, not judged (default: 15s)", schema: Seconds },
  hold: { flags: "--hold <time>", about: "rest of each step, judged (default: 30s)", schema: Seconds },
  ...ENCODING,
  resume: text("--resume <folder>", "continue a search that was interrupted"),
  ...RUNS,
};

const ALL_OPTIONS = {
  only: {
    flags: "--only <parts>",
    about: `these parts, separated by commas: ${PARTS.join(", ")}`,
    schema: someOf(PARTS),
  },
  full: flag("--full", "full lengths, as in 2023: hours instead of about 35 minutes"),
  write: flag("--write", "update docs/results/load.md and load.json; figures of other parts stay"),
  keepData: flag("--keep-data", "keep the data that were added"),
  ...RUNS,
};

const SIZES = Object.entries(DATA_SIZES)
  .map(([name, { cities, values }]) => `${name}: ${cities} cities, ${values} values`)
  .join("; ");

/** Defines the subcommands of `load`. @param program the command that gets them */
export function addLoadCommands(program: Command, deps: LoadDeps): void {
  program.addHelpText("after", LOAD_HELP);

  /** @param work returns the exit code where it may be another than 0 */
  const add = <Table extends OptionTable>(
    usage: string,
    about: string,
    table: Table,
    work: (options: OptionValues<Table>, words: readonly string[]) => Promise<number> | Promise<void>,
  ): void => {
    const command = program.command(usage).description(about);
    const options = declareOptions(command, table);
    command.action(async () => {
      deps.outcome.exitCode = (await work(options(), command.args)) ?? EXIT.ok;
    });
  };

  add("list", "the scenarios, and what the 2023 baseline reached with each", {}, () => listScenarios(deps));
  for (const scenario of SCENARIOS) {
    add(scenario.name, scenario.about, SCENARIO_OPTIONS, (options) => runScenario(scenario, options, deps));
  }
  add(
    "seed <size>",
    `add data up to a size (${SIZES}); data that are there stay`,
    { ...TARGET, database: DATABASE, ...RUNS },
    (options, [size]) => seed(parseArgument(oneOf(["base", "full"]), size), options, deps),
  );
  add(
    "unseed",
    "remove the data that `seed` and scenarios have added to a database; asks before it removes rows that no record names",
    {
      database: DATABASE,
      target: text("--target <url>", "the API of this database, where it was seeded through the API"),
      ...RUNS,
      yes: flag("-y, --yes", "do not ask"),
    },
    (options) => removeSeeds(options, deps),
  );
  add(
    "capacity <scenario>",
    "find the highest number of users within the objectives: doubling, bisection, the last steps repeated",
    CAPACITY_OPTIONS,
    ({ warmUp: warmUpSeconds, hold: holdSeconds, ...options }, [scenario]) =>
      searchCapacity(scenarioOf(scenario), { ...options, warmUpSeconds, holdSeconds }, deps),
  );
  add(
    "all",
    "measure every figure that has a target, of the product and the baseline, on the running stand; then restore the stand",
    ALL_OPTIONS,
    (options) => measureAll(options, deps),
  );
  add(
    "report [run]",
    "write the page of a run again (default: the newest run)",
    { junit: text("--junit <file>", "also write its verdict as JUnit XML") },
    ({ junit }, [run]) => report(run, junit, deps),
  );
  add(
    "compare <runs...>",
    "write one page that compares two or more runs",
    { output: text("-o, --output <file>", "the page (default: in runs/load)") },
    ({ output }, runs) => compare(runs, output, deps),
  );
}

function scenarioOf(name: string | undefined): Scenario {
  return scenarioNamed(parseArgument(oneOf(SCENARIOS.map((scenario) => scenario.name)), name));
}

async function listScenarios({ output }: LoadDeps): Promise<void> {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  for (const scenario of SCENARIOS) {
    output.result(`${scenario.name.padEnd(width)}  ${scenario.about}`);
    output.result(`${" ".repeat(width)}  2023: ${allFiguresOf2023(scenario)}`);
  }
}
