import type { Stand, StandMachine } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";
import type { OpenFault } from "../undo/open-fault.ts";

/**
 * Why a machine must not become faulty now, given the faults that are open; undefined: it may. Of each role one machine at a time, unless the
 * experiment allows more.
 */
export function beyondBlastRadius(
  { name, roles }: StandMachine,
  open: readonly Pick<OpenFault, "machine">[],
  stand: Pick<Stand, "machines">,
  allowed: Experiment["blastRadius"],
): string | undefined {
  const faulty = new Set([...open.map(({ machine }) => machine), name]);
  for (const role of roles) {
    const ofRole = stand.machines.filter((machine) => machine.roles.includes(role) && faulty.has(machine.name));
    const most = allowed[role] ?? 1;
    if (ofRole.length > most)
      return `${ofRole.map((machine) => machine.name).join(" and ")} would be faulty together, and the experiment allows ${most} of the role ${role} (blastRadius)`;
  }
  return undefined;
}
