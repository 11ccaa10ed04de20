/** The load commands as a program of their own: `bun load/src/main.ts --help`. `ring load` has the same commands. */
import { runCommandLine, runsFolder, terminalOutput } from "@goldenring/run-kit";
import { Command } from "commander";
import { addLoadCommands } from "./command/program.ts";

await runCommandLine(({ signal, outcome }) => {
  const program = new Command("load")
    .description("Load tests of a Weather API: k6 runs the scenarios, the objectives give the verdict.")
    .helpCommand(false)
    .showHelpAfterError("(load --help shows all commands)")
    .exitOverride();
  const output = terminalOutput();
  addLoadCommands(program, { output, signal, outcome, runs: runsFolder("load") });
  return program;
});
