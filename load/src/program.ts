import { CommandError } from "@goldenring/run-kit";
import { type Command, InvalidArgumentError, Option } from "commander";
import { SCENARIOS, type Scenario, scenarioNamed } from "../k6/scenario-table.ts";
import { PARTS, type PartName } from "./all/parts.ts";
import { type AllOptions, measureAll } from "./command/all.ts";
import { type CapacityCommandOptions, searchCapacity } from "./command/capacity.ts";
import type { LoadDeps } from "./command/deps.ts";
import { listScenarios } from "./command/list-scenarios.ts";
import { compare, report } from "./command/reports.ts";
import { type RunCommandOptions, runScenario } from "./command/run-scenario.ts";
import { removeSeeds, type SeedOptions, seed, type UnseedOptions } from "./command/seed.ts";
import { parseRamp, parseSeconds, parseUsers } from "./run/options.ts";
import { DATA_SIZES, type DataSizeName } from "./seed/growth.ts";

/** k6's own default. */
const DASHBOARD_PORT = 5665;

export const LOAD_HELP = `
Examples:
  load list
  load browse-cities --target http://127.0.0.1:8080
  load browse-cities --ramp 600/30s --max-users 1200
  load capacity browse-cities
  load all --write;  load all --only steady,chaos --write
  load report;  load compare RUN RUN
  load heavy-query --users 100 --duration 2m --encoding identity
  load seed full                                             into the stand that is up; later: load unseed
  load seed full --database postgres://user@host/weather     into any other database

A run ends when an objective breaks or its time is over, and leaves a folder in runs/load: report.html, k6-report.html (k6's own page), run.json
(what was run and what came out), series.json (second by second), k6-summary.json, k6.log.

Exit codes: 10 an objective was missed, 11 the target cannot be reached; all of them: docs/ring.md

Environment:
  GOLDENRING_K6   the k6 to use, instead of the one in PATH or in Go's bin folder
  DATABASE_URL    as --database: keeps a password out of the command line

More: docs/load.md`;

/** Defines the subcommands of `load`. @param program the command that gets them */
export function addLoadCommands(program: Command, deps: LoadDeps): void {
  program.addHelpText("after", LOAD_HELP);
  program
    .command("list")
    .description("the scenarios, and what the report's stand reached with each")
    .action(() => listScenarios(deps.output));
  for (const scenario of SCENARIOS) addScenario(program, scenario, deps);
  addSeeding(program, deps);
  addCapacity(program, deps);
  addAll(program, deps);
  addReports(program, deps);
}

interface ScenarioFlags extends Omit<RunCommandOptions, "isOwnTarget" | "seconds" | "dashboardPort" | "json"> {
  readonly iOwnThisTarget: boolean;
  readonly duration?: number;
  readonly dashboard?: number | true;
  readonly json: boolean;
}

function addScenario(program: Command, scenario: Scenario, deps: LoadDeps): void {
  const command = program.command(scenario.name).description(scenario.about);
  addTargetOptions(command)
    .option("--ramp <users/time>", "so many users more in each such time (default: 600/5m)", as(parseRamp))
    .option("--max-users <number>", "where the ramp ends (default: 3000)", as(parseUsers))
    .option("--users <number>", "this many users all the time, instead of a ramp", as(parseUsers))
    .option(
      "--duration <time>",
      "how long, such as 90s or 5m (default: the whole ramp; 1m with --users)",
      as(parseSeconds),
    )
    .addOption(
      new Option("--encoding <encoding>", "what clients ask for (default: gzip)").choices(["gzip", "identity"]),
    )
    .option("--keep-going", "do not end when an objective breaks", false)
    .option(
      "--dashboard [port]",
      `k6's web dashboard on this computer (default port: ${DASHBOARD_PORT})`,
      as(parsePort),
    )
    .option("--runs <folder>", "where the run's folder is made (default: runs/load)")
    .option("--json", "the record instead of words", false)
    .action(async (flags: ScenarioFlags) => {
      const { iOwnThisTarget, duration, dashboard, ...rest } = flags;
      const port = dashboard === true ? DASHBOARD_PORT : dashboard;
      const options = {
        ...rest,
        isOwnTarget: iOwnThisTarget,
        ...(duration === undefined ? {} : { seconds: duration }),
        ...(port === undefined ? {} : { dashboardPort: port }),
      };
      deps.outcome.exitCode = (await runScenario(scenario, options, deps)).record.exit;
    });
}

function addSeeding(program: Command, deps: LoadDeps): void {
  const sizes = Object.entries(DATA_SIZES).map(
    ([name, { cities, values }]) => `${name}: ${cities} cities, ${values} values`,
  );
  const seeding = program
    .command("seed")
    .description(`add data until there is as much as a scenario needs (${sizes.join("; ")}); what is there stays`)
    .argument("<size>", "base or full", sizeOf);
  addTargetOptions(seeding)
    .option(
      "--database <url>",
      "into this database, which is fast (default without --target: DATABASE_URL, or that of the stand that is up)",
    )
    .option("--runs <folder>", "where the seeding is written down (default: runs/load)")
    .action(async (size: DataSizeName, flags: SeedOptions & { readonly iOwnThisTarget: boolean }) => {
      const database =
        flags.database ?? (flags.target === undefined ? process.env.DATABASE_URL || undefined : undefined);
      const options = { ...flags, isOwnTarget: flags.iOwnThisTarget, ...(database === undefined ? {} : { database }) };
      deps.outcome.exitCode = await seed(size, options, deps);
    });
  program
    .command("unseed")
    .description(
      "remove from a database what seedings and runs have added; asks before it removes what no record names",
    )
    .option("--database <url>", "default: DATABASE_URL, or that of the stand that is up")
    .option("--target <url>", "the API on this database, if it was seeded over the API")
    .option("--runs <folder>", "where seedings are written down (default: runs/load)")
    .option("-y, --yes", "do not ask", false)
    .action(async (flags: UnseedOptions) => {
      const database = flags.database ?? (process.env.DATABASE_URL || undefined);
      deps.outcome.exitCode = await removeSeeds({ ...flags, ...(database === undefined ? {} : { database }) }, deps);
    });
}

interface CapacityFlags extends Omit<CapacityCommandOptions, "isOwnTarget" | "warmUpSeconds" | "holdSeconds"> {
  readonly iOwnThisTarget: boolean;
  readonly warmUp?: number;
  readonly hold?: number;
}

function addCapacity(program: Command, deps: LoadDeps): void {
  const command = program
    .command("capacity")
    .description("find the most users within the objectives: doubling, bisection, the last steps repeated")
    .argument("<scenario>", "as load list shows it", scenarioOf);
  addTargetOptions(command)
    .option("--start <number>", "users of the first step (default: 300)", as(parseUsers))
    .option("--most <number>", "go no higher (default: 10000)", as(parseUsers))
    .option("--warm-up <time>", "beginning of a step that is not judged (default: 15s)", as(parseSeconds))
    .option("--hold <time>", "rest of a step, which is (default: 30s)", as(parseSeconds))
    .addOption(
      new Option("--encoding <encoding>", "what clients ask for (default: gzip)").choices(["gzip", "identity"]),
    )
    .option("--resume <folder>", "go on with a search that was interrupted")
    .option("--runs <folder>", "where its folder is made (default: runs/load)")
    .action(async (scenario: Scenario, { iOwnThisTarget, warmUp, hold, ...rest }: CapacityFlags) => {
      const options = {
        ...rest,
        isOwnTarget: iOwnThisTarget,
        ...(warmUp === undefined ? {} : { warmUpSeconds: warmUp }),
        ...(hold === undefined ? {} : { holdSeconds: hold }),
      };
      deps.outcome.exitCode = await searchCapacity(scenario, options, deps);
    });
}

function addAll(program: Command, deps: LoadDeps): void {
  program
    .command("all")
    .description("measure every bar on the stand that is up, ours and the baseline, and put the stand back as it was")
    .option("--only <parts>", `these parts, with commas: ${PARTS.join(", ")}`, partsOf)
    .option("--full", "the report's full lengths: hours instead of some 35 minutes", false)
    .option("--write", "into docs/results/load.md and load.json; what is not measured stays there", false)
    .option("--keep-data", "leave the data that were added", false)
    .option("--runs <folder>", "where the runs' folders are made (default: runs/load)")
    .action(async (options: AllOptions) => {
      deps.outcome.exitCode = await measureAll(options, deps);
    });
}

function addReports(program: Command, deps: LoadDeps): void {
  program
    .command("report")
    .description("write the page of a run anew")
    .argument("[run]", "its folder or its name (default: the newest)")
    .option("--junit <file>", "its verdict as JUnit XML as well")
    .action(async (run: string | undefined, { junit }: { junit?: string }) => {
      deps.outcome.exitCode = await report(run, junit, deps);
    });
  program
    .command("compare")
    .description("write one page with two or more runs over each other")
    .argument("<runs...>", "folders or names")
    .option("-o, --output <file>", "the page (default: in runs/load)")
    .action(async (runs: string[], { output }: { output?: string }) => {
      deps.outcome.exitCode = await compare(runs, output, deps);
    });
}

function addTargetOptions(command: Command): Command {
  return command
    .option("--target <url>", "the service (default: the ingress of the stand that is up)")
    .option(
      "--i-own-this-target",
      "load a service outside of this computer, private networks and the inventory",
      false,
    );
}

/** Turns what a parser throws into commander's way of saying it. */
function as<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof CommandError ? new InvalidArgumentError(error.message) : error;
    }
  };
}

function partsOf(text: string): PartName[] {
  const wanted = text.split(",");
  if (wanted.every((each) => PARTS.some((part) => part === each))) return PARTS.filter((part) => wanted.includes(part));
  throw new InvalidArgumentError(`some of ${PARTS.join(", ")} are expected.`);
}

function sizeOf(text: string): DataSizeName {
  if (text === "base" || text === "full") return text;
  throw new InvalidArgumentError("base or full is expected.");
}

function scenarioOf(text: string): Scenario {
  const scenario = scenarioNamed(text);
  if (scenario !== undefined) return scenario;
  throw new InvalidArgumentError(`one of ${SCENARIOS.map(({ name }) => name).join(", ")} is expected.`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError("a port number is expected.");
}
