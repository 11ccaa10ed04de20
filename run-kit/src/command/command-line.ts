import { constants } from "node:os";
import { InventoryError, LockHeld, ProgramFailed, SecretsError } from "@goldenring/stand";
import { type Command, CommanderError } from "commander";
import { CommandError, EXIT } from "./exit.ts";
import { printError } from "./output.ts";

/** What every command of a program receives. */
export interface CommandContext {
  /** Aborts when a person or another program interrupts the command. */
  readonly signal: AbortSignal;
  /** The command that ran writes its exit code here. */
  readonly outcome: { exitCode: number };
}

/** Runs a program of commands and ends the process with its exit code. @param create must call `exitOverride()` on the program */
export async function runCommandLine(
  create: (context: CommandContext) => Command,
  onFirstSignal?: (signal: NodeJS.Signals) => void,
): Promise<never> {
  // The reader of a pipe may leave early: `ring status | head`.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const context: CommandContext = { signal: onInterruption(onFirstSignal), outcome: { exitCode: EXIT.ok } };
  const program = create(context);
  try {
    await program.parseAsync();
    process.exit(context.outcome.exitCode);
  } catch (error) {
    process.exit(exitCodeOf(error, program.name(), context.signal));
  }
}

function exitCodeOf(error: unknown, program: string, signal: AbortSignal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (signal.aborted) {
    printError("\nInterrupted.\n");
    return interruptedExit(signal);
  }
  const expected = forUser(error);
  if (expected !== undefined) {
    printError(`\n${program}: ${expected.message}\n`);
    return expected.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  printError(`\n${program}: this is a defect, please report it:\n${stack}\n`);
  return EXIT.failed;
}

/** Errors of `stand`, which knows no exit codes, get theirs here. */
function forUser(error: unknown): CommandError | undefined {
  if (error instanceof CommandError) return error;
  if (error instanceof InventoryError) return new CommandError(error.message, "usage");
  if (error instanceof SecretsError || error instanceof ProgramFailed) return new CommandError(error.message);
  return error instanceof LockHeld ? new CommandError(error.message, "busy") : undefined;
}

/** A terminal and the programs between may all pass on the same Ctrl-C. */
const SAME_KEYSTROKE_MS = 500;

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts what is returned, so that the command stops cleanly (`interruptedExit` has its exit code); a later one ends
 * the process at once. @param onFirst tells the user what happens next
 */
function onInterruption(onFirst: (signal: NodeJS.Signals) => void = () => {}): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        firstAt = performance.now();
        onFirst(name);
        controller.abort(new CommandError("Interrupted.", 128 + constants.signals[name]));
      } else if (performance.now() - firstAt > SAME_KEYSTROKE_MS) process.exit(interruptedExit(controller.signal));
    });
  }
  return controller.signal;
}

/** The exit code of a command that `signal` interrupted: 130, or 143 after SIGTERM. */
export function interruptedExit({ reason }: AbortSignal): number {
  return reason instanceof CommandError ? reason.exitCode : EXIT.interrupted;
}
