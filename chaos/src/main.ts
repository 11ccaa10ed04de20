/**
 * The chaos commands as a program of their own, for real machines and for a service of one's own: `bun chaos/src/main.ts --help`.
 * `ring chaos` has the same commands for the lab, too.
 */
import { join, resolve } from "node:path";
import { InventoryError, openStand, readInventory, thisComputer } from "@goldenring/stand";
import { Command, CommanderError } from "commander";
import { addChaosCommands } from "./command/commands.ts";
import { type StandAtHand, terminalOutput } from "./command/deps.ts";
import { RUNS_FOLDER } from "./run/checkout.ts";
import { CHAOS_EXIT, ChaosError } from "./run/exit.ts";

const DEFAULT_HOME = "/var/lib/goldenring";
/** A terminal and what stands between may both pass on the same Ctrl-C; ms. */
const SAME_KEY = 500;

async function main(): Promise<number> {
  const stop = new AbortController();
  let interruptedBy: "interrupted" | "terminated" = "interrupted";
  let first = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        first = performance.now();
        interruptedBy = name === "SIGTERM" ? "terminated" : "interrupted";
        terminalOutput.say(`${name}: undoing what is in force; once more ends at once and leaves it to recover`);
        stop.abort(new ChaosError("Interrupted.", CHAOS_EXIT[interruptedBy]));
      } else if (performance.now() - first > SAME_KEY) process.exit(CHAOS_EXIT[interruptedBy]);
    });
  }
  const outcome: { exitCode: number } = { exitCode: CHAOS_EXIT.held };
  const program = new Command("chaos")
    .description("Experiments that do faults to a service, with a verdict and an undo that always runs.")
    .option("-i, --inventory <file>", "the machines of an Ansible inventory (default: this computer only)")
    .helpCommand(false)
    .showHelpAfterError("(chaos --help shows all commands)")
    .exitOverride();
  addChaosCommands(program, {
    output: terminalOutput,
    signal: stop.signal,
    interruptedBy: () => interruptedBy,
    outcome,
    runs: RUNS_FOLDER,
    stand: () => standOf(program.opts<{ inventory?: string }>().inventory),
  });
  try {
    await program.parseAsync();
    return outcome.exitCode;
  } catch (error) {
    return exitCodeOf(error);
  }
}

async function standOf(inventoryFile: string | undefined): Promise<StandAtHand> {
  const home = resolve(process.env.RING_HOME || DEFAULT_HOME);
  if (inventoryFile === undefined) return { stand: thisComputer(join(home, "this-computer")), isOurs: true };
  const inventory = await readInventory(inventoryFile);
  if (inventory.labNamespace !== undefined)
    throw new ChaosError(
      "These are the machines of the lab: use ring chaos, which has their host at hand.",
      CHAOS_EXIT.usage,
    );
  return { stand: openStand({ inventory, folder: join(home, "inventories", inventory.standName) }), isOurs: false };
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? CHAOS_EXIT.held : CHAOS_EXIT.usage;
  const isForUser = error instanceof ChaosError || error instanceof InventoryError;
  if (isForUser) process.stderr.write(`\nchaos: ${error.message}\n`);
  else
    process.stderr.write(
      `\nchaos: this is a defect, please report it:\n${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
    );
  if (error instanceof ChaosError) return error.exitCode;
  return error instanceof InventoryError ? CHAOS_EXIT.usage : CHAOS_EXIT.failed;
}

// The reader of a pipe may leave early (chaos list | head).
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
process.exit(await main());
