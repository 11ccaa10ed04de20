import { askYes, CommandError } from "@goldenring/run-kit";
import { type Context, labOf } from "../context.ts";
import { stopPrograms } from "../stand-programs.ts";

export async function down(context: Context): Promise<void> {
  const lab = labOf(context, "down");
  await context.progress.step("Down", async (onProgress) => {
    // First: a guardian cannot tell machines that are turned off on purpose from others.
    await stopPrograms(context, lab.inventory);
    await lab.down({ onProgress });
  });
}

export async function destroy(context: Context, isConfirmed: boolean): Promise<void> {
  const lab = labOf(context, "destroy");
  if (!isConfirmed) await askForConfirmation(context);
  await context.progress.step("Destroy", async (onProgress) => {
    await stopPrograms(context, lab.inventory);
    await lab.destroy({ onProgress });
  });
}

async function askForConfirmation({ stand, signal }: Context): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CommandError("`ring destroy` deletes data: without a terminal to ask on, add --yes.", "usage");
  if (await askYes(`Delete the stand ${stand} with its data, snapshots and logins?`, signal)) return;
  throw new CommandError("Nothing was deleted.");
}
