import { fileURLToPath } from "node:url";
import { type Inventory, inNamespace, runProgram } from "@goldenring/stand";
import { Facts } from "./facts.ts";

/** Milliseconds, the start of the program included. */
const DEADLINE = 4_500;
const PROGRAM = fileURLToPath(new URL("main.ts", import.meta.url));

/** What the stand's services say; undefined when the network that they are in is not there or nothing could be asked. */
export async function askStand(inventory: Inventory): Promise<Facts | undefined> {
  const argv = inNamespace(inventory, [process.execPath, PROGRAM, inventory.file]);
  const { code, stdout } = await runProgram(argv, { deadlineMs: DEADLINE });
  return code === 0 ? Facts.parse(JSON.parse(stdout)) : undefined;
}
