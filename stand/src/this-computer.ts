import { join } from "node:path";
import { operatorMachine } from "./operator.ts";
import type { Stand } from "./stand.ts";

/** A stand of no machines but this computer: for experiments with a service of the user's own. */
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
