import type { Completed } from "./computer/run-program.ts";
import type { Inventory, Role } from "./inventory/inventory.ts";

/** What experiments act on and look at. */
export interface Stand {
  readonly name: string;
  /** Folder that belongs to the stand and stays: the open faults are written down there. */
  readonly folder: string;
  readonly machines: readonly StandMachine[];
  /** This computer, as far as faults are done to it. */
  readonly operator: StandMachine;
  /** Of its machines; undefined where there are none but this computer. */
  readonly inventory: Inventory | undefined;
  /** The host of the machines, where it is at hand. */
  readonly lab: LabControl | undefined;
  /** The process number of the guardian that watches the stand; undefined while none does. */
  guardian(): number | undefined;
  /** The same stand by connections of its own, so that whoever looks on does not hold up whoever acts. */
  again(): Stand;
  /** Gives up all connections; the next command connects anew. */
  disconnect(): void;
}

export interface StandMachine {
  readonly name: string;
  readonly address: string;
  readonly roles: readonly Role[];
  /** Where the machine writes down what faults it has. Gone after a boot. */
  readonly faultFolder: string;
  /** A shell command line as root; what it writes to stderr may come with stdout. Never rejects: 255 no connection, 124 deadline. */
  run(command: string, options: { readonly deadlineMs: number; readonly input?: string }): Promise<Completed>;
}

/** What the host of the machines can do to them; the class `Lab` of the room lab/ is one. */
export interface LabControl {
  powerOff(machine: string): Promise<void>;
  powerOn(machine: string): Promise<void>;
  isOff(machine: string): Promise<boolean>;
  loss(machine: string, percent: number, direction: Direction): Promise<void>;
  cut(machine: string, from?: string): Promise<void>;
  /** Ends all network faults of a machine. */
  heal(machine: string): Promise<void>;
  faults(): Promise<NetworkFaults>;
}

export interface NetworkFaults {
  readonly loss: Readonly<Record<string, unknown>>;
  readonly cut: readonly { readonly machine: string; readonly from?: string | undefined }[];
}

export const DIRECTIONS = ["in", "out", "both"] as const;
/** Seen from the machine: `out` is what it sends. */
export type Direction = (typeof DIRECTIONS)[number];

/** Says it for a person: `30 % of what it sends`. */
export const DIRECTION_WORDS: Readonly<Record<Direction, string>> = {
  in: "of what it gets",
  out: "of what it sends",
  both: "of what it sends and of what it gets",
};

export function machineOf(stand: Stand, name: string): StandMachine {
  const machine = [...stand.machines, stand.operator].find((each) => each.name === name);
  if (machine === undefined) throw new Error(`the stand has no machine ${name}`);
  return machine;
}

export function byRole({ machines }: Pick<Stand, "machines">, role: Role): readonly StandMachine[] {
  return machines.filter(({ roles }) => roles.includes(role));
}

/** As `run`, but rejects unless the command succeeds. */
export async function must(
  machine: StandMachine,
  command: string,
  options: { readonly deadlineMs: number; readonly input?: string },
): Promise<string> {
  const { code, stdout, stderr } = await machine.run(command, options);
  if (code === 0) return stdout;
  throw new Error(
    `${machine.name}: exit code ${code}: ${(stderr || stdout).trim().slice(-400) || command.slice(0, 80)}`,
  );
}
