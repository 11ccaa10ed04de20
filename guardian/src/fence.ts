import { commandFor, DEADLINE_EXCEEDED, type Inventory, type Machine, runOrThrow, runProgram } from "@goldenring/stand";

export interface Fence {
  /**
   * True only when the machine is off for certain: it writes to no disk and sends no packet until somebody turns it on.
   * Rejects when the fence gives no answer. Must end within a few seconds.
   */
  isOff(machine: Machine): Promise<boolean>;
  readonly pollMs: number;
  /** Turns the machine off; resolves when it is off for certain. Undefined: the guardian may not. */
  readonly powerOff?: ((machine: Machine) => Promise<void>) | undefined;
  /** Undefined: a person turns machines on. */
  readonly powerOn?: ((machine: Machine) => Promise<void>) | undefined;
}

/** A power or cloud interface may take a moment, and should not be asked too often. */
const COMMAND_POLL_MS = 2_000;
const COMMAND_DEADLINE_MS = 10_000;
/** A power interface may wait until the machine is off. */
const POWER_DEADLINE_MS = 60_000;

/** The fence of an inventory with a `fence_command`; undefined when it has none. Exit code 0: off for certain; 1 to 123: it is not. */
export function commandFence(inventory: Inventory): Fence | undefined {
  if (inventory.fenceCommand === undefined) return undefined;
  return {
    pollMs: COMMAND_POLL_MS,
    powerOff: powerCommand(inventory, "powerOffCommand"),
    powerOn: powerCommand(inventory, "powerOnCommand"),
    async isOff(machine) {
      // The whole environment: a cloud's program finds its credentials there.
      const argv = commandFor(machine, inventory.fenceCommand ?? []);
      const { code, stderr } = await runProgram(argv, { deadlineMs: COMMAND_DEADLINE_MS, environment: process.env });
      // From here on: the deadline, a program that is missing or may not run, signals, and ssh's "no connection".
      if (code >= DEADLINE_EXCEEDED) {
        throw new Error(`the fence command gave no answer (exit code ${code}): ${stderr.trim()}`);
      }
      return code === 0;
    },
  };
}

function powerCommand(inventory: Inventory, name: "powerOffCommand" | "powerOnCommand"): Fence["powerOff"] {
  const words = inventory[name];
  if (words === undefined) return undefined;
  return async (machine) => {
    await runOrThrow(commandFor(machine, words), { deadlineMs: POWER_DEADLINE_MS, environment: process.env });
  };
}
