import { runProgram } from "./computer/run-program.ts";
import type { StandMachine } from "./stand.ts";

export const OPERATOR = "operator";

/** This computer as a machine. */
export function operatorMachine(faultFolder: string): StandMachine {
  return {
    name: OPERATOR,
    address: "127.0.0.1",
    roles: [],
    faultFolder,
    run: (command, options) => runProgram(["sh", "-c", command], options),
  };
}
