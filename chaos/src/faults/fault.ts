import { CommandError } from "@goldenring/run-kit";
import {
  byRole,
  lastLines,
  OPERATOR,
  ROLES,
  type Role,
  type Stand,
  type StandMachine,
  type StandRoles,
} from "@goldenring/stand";
import * as z from "zod";
import type { LabCall } from "./lab-call.ts";

/** Begins the names of all files, units and rules that a fault makes on a machine: by it, what is left is found. */
export const FILE_MARK = "goldenring-chaos";

const FORM = new RegExp(
  `^(?:primary|replica|etcd-leader|node|deployment|pod/any|pod/all-of-one-node|${OPERATOR}|machine/[A-Za-z0-9.-]+|(?:${ROLES.join("|")})(?:/(?:[1-9]\\d?|next(?:\\+[1-9])?))?)$`,
);

/**
 * Which machines a fault is for, found out when a round begins:
 * `primary`, `replica`, `etcd-leader`; all of a role: `etcd`; one of them: `etcd/1`; another one each round: `api/next`, and the one
 * after it: `api/next+1`; `machine/NAME`; `operator`: this computer. On Kubernetes `node`: another node with pods each round; `deployment`,
 * `pod/any`, `pod/all-of-one-node`: the control plane, which acts on them.
 */
export const on = z
  .string()
  .regex(
    FORM,
    "is no target: say primary, replica, etcd-leader, a role such as etcd, etcd/1 or api/next, machine/NAME, node, deployment, or pod/any",
  );

export const percent = z.number().min(1).max(100);

export const folderPath = z
  .string()
  .regex(/^(?!.*\/\.\.)\/[A-Za-z0-9/._-]*$/, "is no absolute path")
  .describe("On the file system of this folder");

/**
 * A kind of fault; `registry.ts` lists all.
 *
 * It acts on nothing itself: what injects it and what undoes it is data, so that the undo can be written to disk before the fault is injected, and
 * be carried out by any other process.
 */
export interface FaultKind<Form extends z.ZodObject> {
  /** Its options, `fault` and `on` among them. */
  readonly form: Form;
  readonly about: string;
  /** For people, after the machine's name: `loses 30 % of what it sends`. */
  describe(use: z.infer<Form>): string;
  /** @throws {CommandError} where it is not available here or the machine is not fit for it at this moment */
  prepare(use: z.infer<Form>, machine: StandMachine, site: Site): Promise<ReadyFault>;
}

export interface Site {
  readonly stand: Stand;
  /** Machines of a target; never empty. */
  readonly resolve: (target: string) => readonly string[];
}

/** What every kind has, and its own options. */
export const form = <Name extends string, Options extends z.ZodRawShape>(fault: Name, options: Options) =>
  z.object({ fault: z.literal(fault), on, ...options });

/** Gives `describe` and `prepare` the type of the form. */
export const faultKind = <Form extends z.ZodObject>(kind: FaultKind<Form>): FaultKind<Form> => kind;

export type ReadyFault = LabFault | MachineFault;

/** Done by the host of the machine. */
export interface LabFault {
  readonly by: "lab";
  /** A machine has at most one fault of a slot at a time. Letters, digits and hyphens: it becomes part of file and unit names. */
  readonly slot: string;
  readonly inject: LabCall;
  readonly undo: LabCall;
}

/** Done by shell command lines: on the machine itself, or (`host`) on this computer, which is its host. */
export interface MachineFault {
  readonly by: "machine" | "host";
  /** Another machine that runs them. */
  readonly at?: string;
  readonly slot: string;
  readonly inject: string;
  /** May run before the injection, in its middle, and twice. */
  readonly undo: string;
  /** Succeeds when nothing of the fault is left. */
  readonly gone: string;
  /** It may be over before its undo comes: a kill is at once, and who fences the machine ends what it stalls. Else an early end spoils the run. */
  readonly mayEndEarly?: true;
}

export const CHECK_DEADLINE_MS = 15_000;

/** A fault that this stand, or the kernel of its machines, cannot have. */
export class NotAvailable extends CommandError {
  override readonly name = "NotAvailable";

  constructor(what: string, why: string) {
    super(`${what} is not available here: ${why}.`, "usage");
  }
}

/** @throws {CommandError} with `otherwise`, unless the shell condition holds on the machine */
export async function mustHold(machine: StandMachine, condition: string, otherwise: string): Promise<void> {
  const { code, stdout, stderr } = await machine.run(condition, { deadlineMs: CHECK_DEADLINE_MS });
  if (code === 0) return;
  const output = lastLines(stderr || stdout, 1);
  throw new CommandError(`${machine.name}: ${otherwise}${output ? ` (${output})` : ""}.`, "usage");
}

export async function mustHave(machine: StandMachine, program: string): Promise<void> {
  await mustHold(machine, `command -v ${program} >/dev/null`, `${program} is not installed there`);
}

/** @param round from 1 @returns names, at least one @throws {CommandError} (usage) where the stand has no such machine */
export function resolveTarget(target: string, stand: Stand, roles: StandRoles, round: number): readonly string[] {
  const found = candidates(target, stand, roles, round);
  if (found.length > 0) return found;
  if (/^(?:kubernetes|node|deployment|pod)\b/.test(target)) controlPlane(stand);
  throw new CommandError(`The stand ${stand.name} has no machine for "${target}".`, "usage");
}

/** Where kubectl is. @throws {NotAvailable} where the API runs on machines */
export function controlPlane(stand: Stand): StandMachine {
  const [first] = byRole(stand, "kubernetes");
  if (first) return first;
  const why = "the API of this stand does not run on Kubernetes (`ring up --platform kubernetes`)";
  throw new NotAvailable("A fault of Kubernetes", why);
}

/** @param targets gets the machines of each target: what it is stays the same for the whole round */
export function siteOf(stand: Stand, roles: StandRoles, round: number, targets: Record<string, string[]> = {}): Site {
  const resolve: Site["resolve"] = (target) => {
    targets[target] ??= [...resolveTarget(target, stand, roles, round)];
    return targets[target];
  };
  return { stand, resolve };
}

function candidates(target: string, stand: Stand, roles: StandRoles, round: number): readonly string[] {
  if (target === OPERATOR) return [OPERATOR];
  if (target === "primary" || target === "replica") return roles[target] === undefined ? [] : [roles[target]];
  if (target === "etcd-leader") return roles.etcdLeader === undefined ? [] : [roles.etcdLeader];
  const [kind = "", which] = (target === "node" ? "api/next" : target).split("/");
  const nodes = byRole(stand, "kubernetes").map(({ name }) => name);
  if (kind === "deployment" || kind === "pod") return nodes.slice(0, 1);
  if (target === "node" && nodes.length === 0) return [];
  if (kind === "machine") return stand.machines.map(({ name }) => name).filter((name) => name === which);
  const names = byRole(stand, kind as Role).map(({ name }) => name);
  if (which === undefined) return names;
  const [, after = 0] = /^next(?:\+(\d))?$/.exec(which) ?? [];
  const index = which.startsWith("next") ? (round - 1 + Number(after)) % Math.max(1, names.length) : Number(which) - 1;
  return names.slice(index, index + 1);
}
