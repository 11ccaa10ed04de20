import type { Inventory, Machine } from "./inventory/inventory.ts";
import { Shell } from "./machine/shell.ts";
import { operatorMachine } from "./operator.ts";
import type { LabControl, Stand, StandMachine } from "./stand.ts";

/** A folder of the machine that a boot empties. */
const FAULT_FOLDER = "/run/goldenring-chaos";

export interface StandParts {
  readonly inventory: Inventory;
  readonly folder: string;
  readonly lab?: LabControl;
  readonly guardian?: () => number | undefined;
}

/** The machines of an inventory, by ssh. */
export function openStand(parts: StandParts): Stand {
  const { inventory, folder, lab, guardian } = parts;
  const shells = new Map<string, Shell>();
  return {
    name: inventory.standName,
    folder,
    machines: inventory.machines.map((machine) => reached(machine, shells)),
    // This computer may have several stands: what is recovered for one must not end the faults of another.
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

function reached(machine: Machine, shells: Map<string, Shell>): StandMachine {
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
