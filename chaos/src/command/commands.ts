import { addRunCommands, columns, type ExitName, exitCodeHelp } from "@goldenring/run-kit";
import { type Command, InvalidArgumentError, Option } from "commander";
import { SUITE_NAMES } from "../book/registry.ts";
import { LIVE_METRICS, METRICS } from "../experiment/metrics.ts";
import { FAULTS } from "../faults/registry.ts";
import { EXPERIMENT_RUNS } from "../report/write.ts";
import type { ChaosDeps } from "./deps.ts";
import { list, type PlanCommandOptions, plan } from "./list.ts";
import { open, recover, stop } from "./recover.ts";
import { type RunCommandOptions, run } from "./run.ts";

const EXITS: readonly ExitName[] = [
  ...(["ok", "failed", "usage", "noStand", "busy", "expectationMissed", "aborted"] as const),
  ...(["notUndone", "notSteady", "interrupted", "terminated"] as const),
];

const CHAOS_HELP = `
Examples:
  ring chaos list
  ring chaos plan CE-01                print the plan; --json: as data, to be changed and run
  ring chaos run CE-01 --rounds 1
  ring chaos run --suite short         a suite: several experiments one after another, with a table at the end
  ring chaos run ./my-experiment.yml   your own experiment: docs/chaos.md
  ring chaos run CE-01 --service shop.service.yml   another service than the Weather API: docs/own-service.md
  ring chaos stop                      the kill switch: end the running experiment and undo its faults
  ring chaos recover                   undo what a killed run left, and check the machines

A run leaves a folder in runs/chaos: report.html, summary.md, junit.xml, run.json, and the histories of each round.

Exit codes:
${exitCodeHelp(EXITS)}

More: docs/chaos.md`;

export function addChaosCommands(program: Command, deps: ChaosDeps): void {
  const { output, outcome } = deps;
  const exitWith = async (code: Promise<number>): Promise<void> => {
    outcome.exitCode = await code;
  };
  program.addHelpText("after", CHAOS_HELP);
  program
    .command("list")
    .description("the experiments and suites")
    .option("--json", "for programs: id, title, hypothesis, rounds, suites", false)
    .action(({ json }) => list(output, json));
  program
    .command("faults")
    .description("the kinds of faults that an experiment may use")
    .action(() => output.result(columns(Object.entries(FAULTS).map(([name, { about }]) => [name, about])).join("\n")));
  program
    .command("metrics")
    .description("what an expectation may measure, with units, and what may abort a run")
    .action(() => {
      const rows = Object.entries(METRICS).map(([name, { unit, words }]) => [name, unit, words]);
      output.result(columns([...rows]).join("\n"));
      output.result(`\nabortWhen: ${LIVE_METRICS.join(", ")}`);
    });
  program
    .command("plan <experiment>")
    .description("what an experiment would do, and whether each fault can be injected now; injects nothing")
    .option("--json", "as data, which chaos run accepts", false)
    .option("--service <file>", "with this service instead of its own")
    .action((experiment: string, options: PlanCommandOptions) => plan(experiment, options, deps));
  program
    .command("run [experiments...]")
    .description("run experiments, by id or by file, one after another")
    .addOption(new Option("--suite <name>", "all experiments of a suite").choices(SUITE_NAMES))
    .option("--rounds <number>", "number of rounds (default: the experiment's)", roundsOf)
    .option("--service <file>", "with this service instead of the experiment's own: docs/own-service.md")
    .option("--target <url>", "base URL of the service (default: that of its file, or the ingress of the stand)")
    .option("--runs <folder>", "where the folders of runs are made (default: runs/chaos)")
    .option("--i-own-these-machines", "inject faults into the machines of an inventory", false)
    .option("--write", "update the results pages in docs/results", false)
    .option("--json", "for programs: the record of each run, one line each", false)
    .action((experiments: string[], options: RunCommandOptions) => exitWith(run(experiments, options, deps)));
  program
    .command("open")
    .description("the running experiment, and the open faults")
    .option("--json", "for programs: running, faults", false)
    .action(({ json }) => exitWith(open(deps, json)));
  program
    .command("recover")
    .description("undo what a killed run left, and check every machine")
    .action(() => exitWith(recover(deps)));
  program
    .command("stop")
    .description("the kill switch: end the running experiment and undo its faults")
    .action(() => exitWith(stop(deps)));
  addRunCommands(program, deps, EXPERIMENT_RUNS);
}

function roundsOf(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a number from 1 to 999 is expected.");
}
