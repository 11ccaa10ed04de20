import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Lab } from "@goldenring/lab";
import { type Inventory, type Machine, machineNamed, readInventory } from "@goldenring/stand";
import { EXIT, RingError } from "./exit.ts";

const DEFAULT_HOME = "/var/lib/goldenring";

/** What every command is about: the lab on this computer, or the machines of an inventory. */
export interface Context {
  readonly lab: Lab | undefined;
  /** Names the stand in locks and messages. */
  readonly stand: string;
  /** Where ring keeps what belongs to the stand. */
  readonly folder: string;
  /** @throws {RingError} (noStand) while there is none */
  inventory(): Promise<Inventory>;
}

/** @param inventoryFile given by the user: real machines; otherwise the lab */
export async function openContext(inventoryFile: string | undefined): Promise<Context> {
  const home = resolve(process.env.RING_HOME || DEFAULT_HOME);
  if (inventoryFile !== undefined) {
    const inventory = await readInventory(inventoryFile);
    const stand = inventory.standName;
    return { lab: undefined, stand, folder: join(home, "inventories", stand), inventory: async () => inventory };
  }
  const stand = process.env.RING_STAND || "lab";
  const lab = new Lab({ home, stand });
  const folder = join(home, "stands", stand);
  return {
    lab,
    stand,
    folder,
    async inventory() {
      if (isThere(lab.inventory)) return readInventory(lab.inventory);
      throw noStand(`There is no stand ${stand === "lab" ? "" : `${stand} `}yet: \`ring up\` makes one.`);
    },
  };
}

/** @throws {RingError} when this account may not know */
function isThere(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES") return false;
    throw new RingError("The stand belongs to root: put sudo in front of the command.");
  }
}

/** @throws {RingError} (usage) for commands that only the lab has */
export function labOf({ lab }: Context, command: string): Lab {
  if (lab !== undefined) return lab;
  throw new RingError(`\`ring ${command}\` works on the lab only, not on the machines of an inventory.`, EXIT.usage);
}

/** @throws {RingError} (noStand) */
export async function machineOf(context: Context, name: string): Promise<Machine> {
  const inventory = await context.inventory();
  const machine = machineNamed(inventory, name);
  if (machine !== undefined) return machine;
  const names = inventory.machines.map((one) => one.name).join(", ");
  throw noStand(`The stand has no machine "${name}"; it has ${names}.`);
}

export function noStand(message: string): RingError {
  return new RingError(message, EXIT.noStand);
}
