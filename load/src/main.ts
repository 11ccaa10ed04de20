/** The load commands as a program of their own: `bun load/src/main.ts --help`. `ring load` has the same commands. */
import { constants } from "node:os";
import { Command, CommanderError } from "commander";
import { TerminalOutput } from "./command/output.ts";
import { addLoadCommands } from "./program.ts";
import { RUNS_FOLDER } from "./run/checkout.ts";
import { LOAD_EXIT, LoadError } from "./run/exit.ts";

/** A terminal and what stands between may both pass on the same Ctrl-C; ms. */
const SAME_KEY = 500;

async function main(): Promise<number> {
  const stop = new AbortController();
  let interruptedExit: number = LOAD_EXIT.interrupted;
  let first = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        first = performance.now();
        interruptedExit = 128 + constants.signals[name];
        stop.abort(new LoadError("Interrupted.", interruptedExit));
      } else if (performance.now() - first > SAME_KEY) process.exit(interruptedExit);
    });
  }
  const outcome: { exitCode: number } = { exitCode: LOAD_EXIT.held };
  const program = new Command("load")
    .description("Load tests of a Weather API: the report's scenarios, judged by its objectives.")
    .helpCommand(false)
    .showHelpAfterError("(load --help shows all commands)")
    .exitOverride();
  addLoadCommands(program, {
    output: new TerminalOutput(),
    signal: stop.signal,
    interruptedExit: () => interruptedExit,
    outcome,
    runs: RUNS_FOLDER,
  });
  try {
    await program.parseAsync();
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? LOAD_EXIT.held : LOAD_EXIT.usage;
    if (stop.signal.aborted) {
      process.stderr.write("\nInterrupted.\n");
      return interruptedExit;
    }
    if (error instanceof LoadError) {
      process.stderr.write(`\nload: ${error.message}\n`);
      return error.exitCode;
    }
    process.stderr.write(
      `\nload: this is a defect, please report it:\n${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
    );
    return LOAD_EXIT.failed;
  }
}

// The reader of a pipe may leave early (load list | head).
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
process.exit(await main());
