import { createInterface } from "node:readline/promises";
import { type Context, labOf } from "../context.ts";
import { EXIT, RingError } from "../exit.ts";
import type { Progress } from "../progress.ts";
import { stopPrograms } from "../stand-programs.ts";

/** Ends the stand and leaves its files. */
export async function down(context: Context, progress: Progress): Promise<number> {
  const lab = labOf(context, "down");
  await progress.step("Down", async (onProgress) => {
    // First: to a guardian, machines that are turned off on purpose look like any others.
    await stopPrograms(context, lab.inventory);
    await lab.down({ onProgress });
  });
  return EXIT.ok;
}

/** Ends the stand and removes all that belongs to it, snapshots included. */
export async function destroy(
  context: Context,
  isSure: boolean,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const lab = labOf(context, "destroy");
  if (!isSure) await askWhetherSure(context.stand, signal);
  await progress.step("Destroy", async (onProgress) => {
    await stopPrograms(context, lab.inventory);
    await lab.destroy({ onProgress });
  });
  return EXIT.ok;
}

async function askWhetherSure(stand: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new RingError("`ring destroy` removes data: without a terminal to ask, say --yes.", EXIT.usage);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it reads a line, the terminal gives Ctrl-C to readline and to nobody else.
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const question = `Remove the stand ${stand} with its data, snapshots and logins? Type yes: `;
    const answer = await terminal.question(question, { signal });
    if (answer.trim() !== "yes") throw new RingError("Nothing was removed.");
  } finally {
    terminal.close();
  }
}
