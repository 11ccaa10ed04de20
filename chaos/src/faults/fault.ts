import { CommandError } from "@goldenring/run-kit";
import type { LabControl, Stand, StandMachine } from "@goldenring/stand";
import type * as z from "zod";
import type { LabCall } from "./lab-call.ts";

/**
 * A kind of fault: one file each in this folder, listed in `registry.ts`.
 *
 * It acts on nothing itself. It says in data what injects it and what undoes it, so that the undo can be written down before the fault is
 * injected and be carried out by any other process.
 */
export interface FaultKind<Form extends z.ZodObject> {
  /** Its options, `fault` and `on` among them. */
  readonly form: Form;
  readonly about: string;
  /** For people, after the machine's name: `loses 30 % of what it sends`. */
  words(use: z.infer<Form>): string;
  /**
   * Looks whether it can be done to the machine now.
   *
   * @throws {CommandError} where it is not available here or the machine is not fit for it
   */
  prepare(use: z.infer<Form>, machine: StandMachine, site: Site): Promise<ReadyFault>;
}

export interface Site {
  readonly stand: Stand;
  /** Machines of a target; never empty. */
  readonly resolve: (target: string) => readonly string[];
}

export type ReadyFault = LabFault | MachineFault;

/** Done by the host of the machine. */
export interface LabFault {
  readonly by: "lab";
  /** A machine has at most one fault of a slot at a time. */
  readonly slot: Slot;
  readonly inject: LabCall;
  readonly undo: LabCall;
}

/** Done on the machine itself, by shell command lines. */
export interface MachineFault {
  readonly by: "machine";
  readonly slot: Slot;
  readonly inject: string;
  /** May run before the injection, in its middle, and twice. */
  readonly undo: string;
  /** Succeeds when nothing of the fault is left. */
  readonly gone: string;
  /** Over as soon as it is done, such as a kill: nobody can end it before its time. */
  readonly momentary?: true;
}

/** Letters, digits and hyphens: it becomes part of file and unit names. */
export type Slot = string;

/** ms for a look at a machine. */
const LOOK_MS = 15_000;

export function notAvailable(what: string, why: string): CommandError {
  return new CommandError(`${what} is not available here: ${why}.`, "usage");
}

/** @throws {CommandError} where there is no host at hand */
export function labOf({ stand }: Site, what: string): LabControl {
  if (stand.lab) return stand.lab;
  throw notAvailable(what, "only the host of a machine can do it, and the stand has none at hand");
}

/** @throws {CommandError} with the words, unless the shell condition holds on the machine */
export async function mustHold(machine: StandMachine, condition: string, otherwise: string): Promise<void> {
  const { code, stdout, stderr } = await machine.run(condition, { deadlineMs: LOOK_MS });
  if (code === 0) return;
  const said = (stderr || stdout).trim().split("\n").at(-1) ?? "";
  throw new CommandError(`${machine.name}: ${otherwise}${said ? ` (${said})` : ""}.`, "usage");
}

/** @throws {CommandError} where a program is missing on the machine */
export async function mustHave(machine: StandMachine, program: string): Promise<void> {
  await mustHold(machine, `command -v ${program} >/dev/null`, `${program} is not installed there`);
}
