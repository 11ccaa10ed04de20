import { fileURLToPath } from "node:url";
import { runProgram } from "../computer/run-program.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { inNamespace } from "../machine/ssh.ts";
import { ServicesHealth } from "./services.ts";

/** The start of the program included. */
const DEADLINE_MS = 4_500;
const PROGRAM = fileURLToPath(new URL("ask-services.ts", import.meta.url));

/** What the stand's services report; undefined when the network that they are in does not exist. */
export async function readServices(inventory: Inventory): Promise<ServicesHealth | undefined> {
  const argv = inNamespace(inventory, [process.execPath, PROGRAM, inventory.file]);
  const { code, stdout } = await runProgram(argv, { deadlineMs: DEADLINE_MS });
  return code === 0 ? ServicesHealth.parse(JSON.parse(stdout)) : undefined;
}
