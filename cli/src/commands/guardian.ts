import { mkdir } from "node:fs/promises";
import { commandFence, type Entry, type Fence, runGuardian } from "@goldenring/guardian";
import type { Lab } from "@goldenring/lab";
import { type Inventory, readInventory } from "@goldenring/stand";
import { type Context, labOf } from "../context.ts";
import { EXIT, RingError } from "../exit.ts";

/** Milliseconds. A look costs the lab a few milliseconds. */
const LAB_POLL = 150;

/** The guardian of real machines, in the foreground until Ctrl-C or SIGTERM. */
export async function guardian(context: Context, signal: AbortSignal): Promise<number> {
  if (context.lab !== undefined) {
    throw new RingError(
      "The lab's guardian is started by `ring up`; for real machines name their inventory: ring --inventory FILE guardian",
      EXIT.usage,
    );
  }
  const inventory = await context.inventory();
  const fence = commandFence(inventory);
  if (fence === undefined) {
    throw new RingError(
      `${inventory.file} has no fence_command: without one the guardian cannot know that a machine is off. See docs/guardian.md.`,
      EXIT.usage,
    );
  }
  await mkdir(context.folder, { recursive: true, mode: 0o700 });
  return watch(context, inventory, fence, signal);
}

/** The lab's guardian; started inside the stand's network. */
export async function labGuardian(context: Context, inventoryFile: string, signal: AbortSignal): Promise<number> {
  return watch(context, await readInventory(inventoryFile), labFence(labOf(context, "guardian")), signal);
}

function labFence(lab: Lab): Fence {
  return { pollMs: LAB_POLL, isOff: ({ name }) => lab.isOff(name) };
}

async function watch({ folder }: Context, inventory: Inventory, fence: Fence, signal: AbortSignal): Promise<number> {
  const onEntry = (entry: Entry): void => void process.stdout.write(`${JSON.stringify(entry)}\n`);
  await runGuardian({ inventory, fence, folder, onEntry, signal });
  return EXIT.ok;
}
