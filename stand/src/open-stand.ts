import { join, resolve } from "node:path";
import { runProgram } from "./computer/run-program.ts";
import type { Inventory, Machine } from "./inventory/inventory.ts";
import { Shell } from "./machine/shell.ts";
import type { LabControl, Stand, StandMachine } from "./stand.ts";

/** Where this computer keeps its stands, and the files of stands elsewhere. */
export const ringHome = (): string => resolve(process.env.RING_HOME || "/var/lib/goldenring");

/** A boot empties it. */
const FAULT_FOLDER = "/run/goldenring-chaos";

export interface StandParts {
  readonly inventory: Inventory;
  readonly folder: string;
  readonly lab?: LabControl;
  readonly guardian?: () => number | undefined;
}

export const OPERATOR = "operator";

/** The machines of an inventory, reached by ssh. */
export function openStand(parts: StandParts): Stand {
  const { inventory, folder, lab, guardian } = parts;
  const shells = new Map<string, Shell>();
  return {
    name: inventory.standName,
    folder,
    machines: inventory.machines.map((machine) => overSsh(machine, shells)),
    // This computer may have several stands: recovering one must not end the faults of another.
    operator: operatorMachine(`${FAULT_FOLDER}/${inventory.standName}`),
    inventory,
    lab,
    guardian: guardian ?? (() => undefined),
    again: () => openStand(parts),
    disconnect: () => {
      for (const shell of shells.values()) shell.close();
      shells.clear();
    },
  };
}

function overSsh(machine: Machine, shells: Map<string, Shell>): StandMachine {
  const { name, address, roles } = machine;
  return {
    name,
    address,
    roles,
    faultFolder: FAULT_FOLDER,
    run: (command, options) => {
      let shell = shells.get(name);
      if (!shell) {
        shell = new Shell(machine);
        shells.set(name, shell);
      }
      return shell.run(command, options);
    },
  };
}

/** This computer as a machine. */
function operatorMachine(faultFolder: string): StandMachine {
  return {
    name: OPERATOR,
    address: "127.0.0.1",
    roles: [],
    faultFolder,
    run: (command, options) => runProgram(["sh", "-c", command], options),
  };
}

/** A stand without machines but this computer: for experiments with a service of the user. */
export function thisComputer(folder: string): Stand {
  const stand: Stand = {
    name: "this computer",
    folder,
    machines: [],
    operator: operatorMachine(join(folder, "chaos", "faults")),
    inventory: undefined,
    lab: undefined,
    guardian: () => undefined,
    again: () => stand,
    disconnect: () => {},
  };
  return stand;
}
