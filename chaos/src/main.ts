/**
 * The chaos commands as a program, for real machines and for a service of one's own: `bun chaos/src/main.ts --help`.
 * `ring chaos` has the same commands for the lab, too.
 */
import { join } from "node:path";
import { CommandError, runCommandLine, runsFolder, terminalOutput } from "@goldenring/run-kit";
import { InventoryError, openStand, readInventory, ringHome, thisComputer } from "@goldenring/stand";
import { Command } from "commander";
import { addChaosCommands } from "./command/commands.ts";
import type { AvailableStand } from "./command/deps.ts";
import { addInitCommand } from "./command/init.ts";

const output = terminalOutput({ withTime: true });

await runCommandLine(
  ({ signal, outcome }) => {
    const program = new Command("chaos")
      .description("Experiments that inject faults, with a verdict and an undo that always runs.")
      .option("-i, --inventory <file>", "the machines of an Ansible inventory (default: this computer only)")
      .helpCommand(false)
      .showHelpAfterError("(chaos --help shows all commands)")
      .exitOverride();
    addInitCommand(program, output);
    addChaosCommands(program, {
      output,
      signal,
      outcome,
      runs: runsFolder("chaos"),
      stand: () => availableStand(program.opts<{ inventory?: string }>().inventory),
    });
    return program;
  },
  (signal) =>
    output.log(`${signal}: undoing the active faults; a second signal ends at once and leaves them to recover`),
);

async function availableStand(inventoryFile: string | undefined): Promise<AvailableStand> {
  const home = ringHome();
  if (inventoryFile === undefined) return { stand: thisComputer(join(home, "this-computer")), isOurs: true };
  const inventory = await readInventory(inventoryFile).catch((error: unknown) => {
    throw error instanceof InventoryError ? new CommandError(error.message, "usage") : error;
  });
  if (inventory.labNamespace !== undefined)
    throw new CommandError("These are the machines of the lab: use ring chaos, which can reach their host.", "usage");
  return { stand: openStand({ inventory, folder: join(home, "inventories", inventory.standName) }), isOurs: false };
}
