import { createInterface } from "node:readline/promises";
import { CommandError, EXIT } from "@goldenring/run-kit";
import { type Context, labOf } from "../context.ts";
import { stopPrograms } from "../stand-programs.ts";

export async function down(context: Context): Promise<number> {
  const lab = labOf(context, "down");
  await context.progress.step("Down", async (onProgress) => {
    // First: a guardian cannot tell machines that are turned off on purpose from others.
    await stopPrograms(context, lab.inventory);
    await lab.down({ onProgress });
  });
  return EXIT.ok;
}

export async function destroy(context: Context, isConfirmed: boolean): Promise<number> {
  const lab = labOf(context, "destroy");
  if (!isConfirmed) await askForConfirmation(context);
  await context.progress.step("Destroy", async (onProgress) => {
    await stopPrograms(context, lab.inventory);
    await lab.destroy({ onProgress });
  });
  return EXIT.ok;
}

async function askForConfirmation({ stand, signal }: Context): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CommandError("`ring destroy` deletes data: without a terminal to ask on, add --yes.", "usage");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While readline reads a line, it alone receives Ctrl-C.
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const question = `Delete the stand ${stand} with its data, snapshots and logins? Type yes: `;
    const answer = await terminal.question(question, { signal });
    if (answer.trim() !== "yes") throw new CommandError("Nothing was deleted.");
  } finally {
    terminal.close();
  }
}
