import { CommandError } from "@goldenring/run-kit";
import { byRole, OPERATOR, ROLES, type Role, type Stand, type StandRoles } from "@goldenring/stand";
import * as z from "zod";

const FORM = new RegExp(
  `^(?:primary|replica|etcd-leader|${OPERATOR}|machine/[A-Za-z0-9.-]+|(?:${ROLES.join("|")})(?:/(?:[1-9]|next))?)$`,
);

/**
 * Which machines a fault is for, found out when a round begins:
 * `primary`, `replica`, `etcd-leader`; all of a role: `etcd`; one of them: `etcd/1`; another one each round: `api/next`; `machine/NAME`;
 * `operator`: this computer.
 */
export const Target = z
  .string()
  .regex(
    FORM,
    "is no target: say primary, replica, etcd-leader, a role such as etcd, etcd/1 or api/next, or machine/NAME",
  );
export type Target = z.infer<typeof Target>;

/**
 * @param round from 1
 * @returns names, at least one
 * @throws {CommandError} (usage) where the stand has no such machine
 */
export function resolveTarget(target: Target, stand: Stand, roles: StandRoles, round: number): readonly string[] {
  const found = candidates(target, stand, roles, round);
  if (found.length > 0) return found;
  throw new CommandError(`The stand ${stand.name} has no machine for "${target}".`, "usage");
}

function candidates(target: Target, stand: Stand, roles: StandRoles, round: number): readonly string[] {
  if (target === OPERATOR) return [OPERATOR];
  if (target === "primary" || target === "replica") return roles[target] === undefined ? [] : [roles[target]];
  if (target === "etcd-leader") return roles.etcdLeader === undefined ? [] : [roles.etcdLeader];
  const [kind = "", which] = target.split("/");
  if (kind === "machine") return stand.machines.map(({ name }) => name).filter((name) => name === which);
  const names = byRole(stand, kind as Role).map(({ name }) => name);
  if (which === undefined) return names;
  const index = which === "next" ? (round - 1) % Math.max(1, names.length) : Number(which) - 1;
  return names.slice(index, index + 1);
}
