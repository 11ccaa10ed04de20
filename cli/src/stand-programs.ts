import { fileURLToPath } from "node:url";
import { guardianReport } from "@goldenring/guardian";
import type { Lab } from "@goldenring/lab";
import { receiverFirewall, receiverProgram, receiverReport } from "@goldenring/monitoring";
import { inNamespace, runOrThrow } from "@goldenring/stand";
import { backgroundProgram } from "./background-program.ts";
import type { Context } from "./context.ts";

const FIREWALL_MS = 10_000;
/** The program `ring` itself. */
export const RING = fileURLToPath(new URL("main.ts", import.meta.url));

/** Fences machines of the stand that are off. */
export function guardianOf(folder: string, inventoryFile: string) {
  const lastArguments = ["guardian", "--watch-lab", inventoryFile];
  return backgroundProgram({ name: "guardian", folder, lastArguments, reports: guardianReport });
}

/** Stores the notifications that the stand's Alertmanager sends. */
function alertReceiverOf(folder: string) {
  const lastArguments = ["--folder", folder];
  return backgroundProgram({ name: "alert receiver", folder, lastArguments, reports: receiverReport });
}

export async function startGuardian({ folder, inventory }: Context): Promise<void> {
  const found = await inventory();
  await guardianOf(folder, found.file).start(found, [RING]);
}

/** Starts the programs that run from `ring up` to `ring down` and are not running yet. */
export async function startPrograms(context: Context, lab: Lab): Promise<void> {
  await startGuardian(context);
  const inventory = await context.inventory();
  const webhook = await lab.alertWebhook();
  const senders = inventory.byRole("prometheus").map(({ address }) => address);
  const firewall = inNamespace(inventory, ["nft", "--file", "-"]);
  await runOrThrow(firewall, { deadlineMs: FIREWALL_MS, input: receiverFirewall(webhook, senders) });
  const receiver = receiverProgram(webhook, inventory.secretsFolder);
  await alertReceiverOf(context.folder).start(inventory, receiver);
}

/** Which of them run, and what they report. Real machines have no alert receiver here. */
export function statesOfPrograms({ folder, lab }: Context, inventoryFile: string) {
  return { guardian: guardianOf(folder, inventoryFile).state(), alertReceiver: lab && alertReceiverOf(folder).state() };
}

/** Works on a broken stand, and where there is none. */
export async function stopPrograms({ folder }: Context, inventoryFile: string): Promise<void> {
  await Promise.all([guardianOf(folder, inventoryFile).stop(), alertReceiverOf(folder).stop()]);
}
