import { mkdir } from "node:fs/promises";
import { commandFence, type Entry, type Fence, runGuardian } from "@goldenring/guardian";
import { CommandError, EXIT, print } from "@goldenring/run-kit";
import { type Inventory, readInventory } from "@goldenring/stand";
import { type Context, labOf } from "../context.ts";

/** A check costs the lab a few milliseconds. */
const LAB_POLL_MS = 150;

/** The guardian of real machines, in the foreground until Ctrl-C or SIGTERM. */
export async function guardian(context: Context): Promise<void> {
  if (context.lab !== undefined) {
    throw new CommandError(
      "`ring up` starts the lab's guardian; for real machines name their inventory: ring --inventory FILE guardian",
      EXIT.usage,
    );
  }
  const inventory = await context.inventory();
  const fence = commandFence(inventory);
  if (fence === undefined) {
    throw new CommandError(
      `${inventory.file} has no fence_command: without one the guardian cannot know that a machine is off. See docs/guardian.md.`,
      EXIT.usage,
    );
  }
  await mkdir(context.folder, { recursive: true, mode: 0o700 });
  return watch(context, inventory, fence);
}

/** The lab's guardian; started inside the stand's network. */
export async function labGuardian(context: Context, inventoryFile: string): Promise<void> {
  const lab = labOf(context, "guardian");
  const fence: Fence = { pollMs: LAB_POLL_MS, isOff: ({ name }) => lab.isOff(name) };
  return watch(context, await readInventory(inventoryFile), fence);
}

async function watch({ folder, signal }: Context, inventory: Inventory, fence: Fence): Promise<void> {
  const onEntry = (entry: Entry): void => print(`${JSON.stringify(entry)}\n`);
  await runGuardian({ inventory, fence, folder, onEntry, signal });
}
