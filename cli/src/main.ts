import { LabProblem, StandBusy } from "@goldenring/lab";
import { CommandError, onInterruption } from "@goldenring/run-kit";
import { InventoryError } from "@goldenring/stand";
import { CommanderError } from "commander";
import { EXIT, RingError } from "./exit.ts";
import { createProgram } from "./program.ts";

async function main(): Promise<number> {
  const interruption = onInterruption();
  const outcome: { exitCode: number } = { exitCode: EXIT.ok };
  try {
    await createProgram(interruption.signal, outcome).parseAsync();
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (interruption.signal.aborted) {
      process.stderr.write("\nInterrupted.\n");
      return interruption.exitCode();
    }
    process.stderr.write(`\n${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof RingError || error instanceof CommandError) return error.exitCode;
  if (error instanceof StandBusy) return EXIT.busy;
  return error instanceof InventoryError ? EXIT.usage : EXIT.failed;
}

/** What is for the user is said in words; a defect shows its stack. */
function messageOf(error: unknown): string {
  const forUser = [RingError, CommandError, LabProblem, InventoryError];
  if (error instanceof Error && forUser.some((kind) => error instanceof kind)) return `ring: ${error.message}`;
  return `ring: this is a defect of ring, please report it:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

// The reader of a pipe may leave early (ring status | head).
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
process.exit(await main());
