import { fileURLToPath } from "node:url";
import { type GuardianReport, guardianReport } from "@goldenring/guardian";
import { type ReceiverReport, receiverProgram, receiverReport } from "@goldenring/monitoring";
import { BackgroundProgram } from "./background-program.ts";
import { type Context, labOf } from "./context.ts";

const RING = fileURLToPath(new URL("main.ts", import.meta.url));

/** Fences the stand's machines that are off. */
export function guardianOf(folder: string, inventoryFile: string): BackgroundProgram<GuardianReport> {
  const lastWords = ["guardian", "--watch-lab", inventoryFile];
  return new BackgroundProgram({ name: "guardian", folder, lastWords, readReport: (of) => guardianReport.read(of) });
}

/** Keeps the alerts that the stand's Alertmanager sends. */
export function alertReceiverOf(folder: string): BackgroundProgram<ReceiverReport> {
  const lastWords = ["--folder", folder];
  return new BackgroundProgram({
    name: "alert receiver",
    folder,
    lastWords,
    readReport: (of) => receiverReport.read(of),
  });
}

export async function startGuardian(context: Context): Promise<void> {
  const inventory = await context.inventory();
  await guardianOf(context.folder, inventory.file).start(inventory, [RING]);
}

/** What runs beside the machines from `ring up` to `ring down`; what runs already stays. */
export async function startPrograms(context: Context): Promise<void> {
  const inventory = await context.inventory();
  const url = await labOf(context, "up").alertWebhook();
  await startGuardian(context);
  await alertReceiverOf(context.folder).start(inventory, receiverProgram(url, inventory.secretsFolder));
}

/** The stand need not be whole, nor exist. */
export async function stopPrograms({ folder }: Context, inventoryFile: string): Promise<void> {
  await Promise.all([guardianOf(folder, inventoryFile).stop(), alertReceiverOf(folder).stop()]);
}
