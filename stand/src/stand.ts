import { join, resolve } from "node:path";
import { type Completed, runProgram } from "./computer/run-program.ts";
import type { Inventory, Machine, Role } from "./inventory/inventory.ts";
import { Shell } from "./machine/shell.ts";

/** The machines of a stand and its host, as experiments and checks use them. */
export interface Stand {
  readonly name: string;
  /** The stand's permanent folder on this computer: open faults are recorded in it. */
  readonly folder: string;
  readonly machines: readonly StandMachine[];
  /** This computer, as a target of faults. */
  readonly operator: StandMachine;
  /** Undefined where this computer is the only machine. */
  readonly inventory: Inventory | undefined;
  /** The host of the machines; undefined for real machines. */
  readonly lab: LabControl | undefined;
  /** Undefined while none runs. */
  guardian(): RunningGuardian | undefined;
  /** The same stand with separate connections, so that observing does not delay acting. */
  again(): Stand;
  /** Closes all connections; the next command opens a new one. */
  disconnect(): void;
}

export interface RunningGuardian {
  readonly pid: number;
  /** How long it only advises, after its last action. */
  readonly coolDownMs: number;
  /** Its newest decisions; times in ISO 8601. */
  readonly newest: readonly { readonly time: string; readonly event: string }[];
  /** Its recorded evidence from that moment on, a line of JSON each. @param sinceMs since 1970 */
  recordedSince(sinceMs: number): string;
}

export interface StandMachine {
  readonly name: string;
  readonly address: string;
  readonly roles: readonly Role[];
  /** Where the machine records its active faults. A boot empties it. */
  readonly faultFolder: string;
  /** Runs a shell command line as root; its stderr may be part of stdout. Never rejects: 255 no connection, 124 deadline exceeded. */
  run(command: string, options: { readonly deadlineMs: number; readonly input?: string }): Promise<Completed>;
}

/** What the host of the machines can do to them; the class `Lab` of lab/ implements it. */
export interface LabControl {
  powerOff(machine: string): Promise<void>;
  powerOn(machine: string): Promise<void>;
  isOff(machine: string): Promise<boolean>;
  loss(machine: string, percent: number, direction: Direction): Promise<void>;
  cut(machine: string, cut?: Cut): Promise<void>;
  /** Ends all network faults of a machine. */
  heal(machine: string): Promise<void>;
  /** A power off ends the fault, too. */
  diskFault(machine: string, fault: DiskFault): Promise<DiskFaultScripts>;
  faults(): Promise<LabFaults>;
}

/** What is cut off of a machine. */
export interface Cut {
  /** Another machine; default: from everything, this computer included. */
  readonly from?: string | undefined;
  /** Only connections to this TCP port of the machine. */
  readonly port?: number | undefined;
  /** Default: both. */
  readonly direction?: Direction | undefined;
}

/** `stall`: what writes waits; `slow`: reads and writes get so many bytes/s each. */
export type DiskFault = { readonly kind: "stall" } | { readonly kind: "slow"; readonly bytesPerSecond: number };

/**
 * Shell command lines for this computer: whoever injects the fault may die, and it must end all the same. `check` succeeds when it can be
 * injected, `gone` when nothing of it is left.
 */
export type DiskFaultScripts = Readonly<Record<"check" | "inject" | "undo" | "gone", string>>;

export interface LabFaults {
  /** Percentages, by machine. */
  readonly loss: Readonly<Record<string, Readonly<Record<"in" | "out", number>>>>;
  readonly cut: readonly (Cut & { readonly machine: string })[];
  /** Machines with a fault of the disk. */
  readonly disk: readonly string[];
}

export const DIRECTIONS = ["in", "out", "both"] as const;
/** From the machine's point of view: `out` is what it sends. */
export type Direction = (typeof DIRECTIONS)[number];

/** For messages: `30 % of what it sends`. */
export const DIRECTION_WORDS: Readonly<Record<Direction, string>> = {
  in: "of what it receives",
  out: "of what it sends",
  both: "of what it sends and of what it receives",
};

/** For messages: `cut off from haproxy at port 5432`. */
export function cutText({ from = "everything", port, direction = "both" }: Cut): string {
  const only = { in: " (only what it receives)", out: " (only what it sends)", both: "" }[direction];
  return `cut off from ${from}${port === undefined ? "" : ` at port ${port}`}${only}`;
}

export function machineOf(stand: Stand, name: string): StandMachine {
  const machine = [...stand.machines, stand.operator].find((each) => each.name === name);
  if (machine === undefined) throw new Error(`the stand has no machine ${name}`);
  return machine;
}

export function byRole({ machines }: Pick<Stand, "machines">, role: Role): readonly StandMachine[] {
  return machines.filter(({ roles }) => roles.includes(role));
}

/** Like `run`, but rejects unless the command succeeds. */
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

/** Where this computer keeps its stands, and the files of stands elsewhere. */
export const ringHome = (): string => resolve(process.env.RING_HOME || "/var/lib/goldenring");

/** A boot empties it. */
const FAULT_FOLDER = "/run/goldenring-chaos";

export interface StandParts {
  readonly inventory: Inventory;
  readonly folder: string;
  readonly lab?: LabControl;
  readonly guardian?: () => RunningGuardian | undefined;
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
