import { statSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "@goldenring/lab";
import { CommandError, type Progress } from "@goldenring/run-kit";
import { type Inventory, type Machine, machineNamed, readInventory, ringHome, withLock } from "@goldenring/stand";

/** How a command shows what it does, and learns that it was interrupted. */
interface Session {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A command's session, and the stand that it works on: the lab of this computer, or the machines of an inventory. */
export interface Context extends Session {
  readonly lab: Lab | undefined;
  readonly stand: string;
  /** Where `ring` keeps the files of the stand. */
  readonly folder: string;
  /** @throws {CommandError} (noStand) while there is none */
  inventory(): Promise<Inventory>;
}

/** @param inventoryFile of real machines; undefined for the lab */
export async function openContext(inventoryFile: string | undefined, session: Session): Promise<Context> {
  const home = ringHome();
  if (inventoryFile !== undefined) {
    const inventory = await readInventory(inventoryFile);
    const { standName: stand } = inventory;
    const folder = join(home, "inventories", stand);
    return { ...session, lab: undefined, stand, folder, inventory: async () => inventory };
  }
  const stand = process.env.RING_STAND || "lab";
  const lab = new Lab({ home, stand });
  const folder = join(home, "stands", stand);
  return {
    ...session,
    lab,
    stand,
    folder,
    async inventory() {
      if (isThere(lab.inventory)) return readInventory(lab.inventory);
      throw noStand(`There is no stand ${stand === "lab" ? "" : `${stand} `}yet: \`ring up\` creates it.`);
    },
  };
}

/** @throws {CommandError} when this account may not look */
function isThere(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES") return false;
    throw new CommandError("The stand belongs to root: run the command with sudo.");
  }
}

/** @throws {CommandError} (usage) for commands that only the lab has */
export function labOf({ lab }: Context, command: string): Lab {
  if (lab !== undefined) return lab;
  throw new CommandError(`\`ring ${command}\` works only on the lab, not on the machines of an inventory.`, "usage");
}

/** @throws {CommandError} (noStand) */
export async function machineOf(context: Context, name: string): Promise<Machine> {
  const inventory = await context.inventory();
  const machine = machineNamed(inventory, name);
  if (machine !== undefined) return machine;
  const names = inventory.machines.map((one) => one.name).join(", ");
  throw noStand(`The stand has no machine "${name}"; it has ${names}.`);
}

/** @throws {CommandError} (noStand) */
export function assertIsUp(outside: readonly { readonly state: string }[]): void {
  if (outside.every(({ state }) => state !== "running")) throw noStand("The stand is down: start it with `ring up`.");
}

export function noStand(message: string): CommandError {
  return new CommandError(message, "noStand");
}

/** The lock that commands which change a stand exclude each other by. */
export const lockKeyOf = ({ folder }: Pick<Context, "folder">): string => `ring ${folder}`;

/** Runs the work while no other command changes the same stand. @throws {LockHeld} when another one still does after `waitMs` */
export function exclusively(context: Context, command: string, waitMs: number, work: () => Promise<void>) {
  const refusal = `Another command is changing the stand ${context.stand}; try again when it has ended`;
  return withLock({ key: lockKeyOf(context), purpose: `ring ${command}`, refusal, waitMs }, work);
}
