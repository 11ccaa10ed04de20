import { randomBytes } from "node:crypto";
import { CommandError } from "@goldenring/run-kit";
import { machineOf, type Stand, type StandMachine } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";
import type { ReadyFault, Site } from "../faults/fault.ts";
import { carryOut } from "../faults/lab-call.ts";
import { descriptionOf, type FaultUse, prepareFault } from "../faults/registry.ts";
import { type Guard, guarded } from "../undo/guard.ts";
import type { OpenFault, OpenFaults } from "../undo/open-fault.ts";

/** Stopping a database in order takes a while. */
const INJECT_DEADLINE_MS = 60_000;

export interface InjectContext {
  readonly id: string;
  readonly site: Site;
  readonly open: OpenFaults;
  readonly experiment: Pick<Experiment, "blastRadius">;
}

export interface Injection {
  readonly use: FaultUse;
  readonly machine: string;
  /** The machine ends it itself then, unless it is undone before. */
  readonly endsAfterSeconds: number;
}

/** Checks that the machine may get a fault, writes the undo to disk (`onWritten`), and injects. Where it throws, an undo that was written is open. */
export async function inject(
  { use, machine: name, endsAfterSeconds }: Injection,
  { id: run, site, open, experiment }: InjectContext,
  onWritten: (fault: OpenFault) => void,
): Promise<void> {
  const machine = machineOf(site.stand, name);
  const why = beyondBlastRadius(machine, open.list(), site.stand, experiment.blastRadius);
  if (why !== undefined) throw new CommandError(`Refused: ${why}.`, "usage");
  const ready = await prepareFault(use, machine, site);
  const { slot } = ready;
  const already = open.list().find((fault) => fault.machine === name && fault.slot === slot);
  if (already) throw new CommandError(`${name} has a fault of this kind already: ${already.words}.`, "usage");
  // Sorts by time; two made at once differ.
  const id = `${Date.now().toString(36)}-${randomBytes(4).toString("hex")}`;
  const { inject, undo } = actionsOf(ready, machine, { id, endsAfterSeconds }, site);
  const fault: OpenFault = {
    ...{ version: 1 as const, id, run, kind: use.fault, machine: name, slot, words: descriptionOf(use) },
    writtenAt: new Date().toISOString(),
    undo,
  };
  open.write(fault);
  onWritten(fault);
  await inject();
}

/** Whether each fault can be injected as things stand. @throws {CommandError} with why one cannot: its machine, its unit, a program, the kernel */
export async function assertInjectable({ stages }: Pick<Experiment, "stages">, site: Site): Promise<void> {
  const uses = new Map(stages.flatMap(({ faults }) => faults).map((use) => [JSON.stringify(use), use]));
  for (const use of uses.values())
    for (const name of site.resolve(use.on)) await prepareFault(use, machineOf(site.stand, name), site);
}

/** Why a machine must not get a fault: of each role one at a time may be faulty, unless the experiment allows more. Undefined: it may. */
export function beyondBlastRadius(
  { name, roles }: StandMachine,
  open: readonly Pick<OpenFault, "machine">[],
  stand: Pick<Stand, "machines">,
  allowed: Experiment["blastRadius"],
): string | undefined {
  const faulty = new Set([...open.map(({ machine }) => machine), name]);
  for (const role of roles) {
    const ofRole = stand.machines.filter((machine) => machine.roles.includes(role) && faulty.has(machine.name));
    const max = allowed[role] ?? 1;
    if (ofRole.length > max)
      return `${ofRole.map((machine) => machine.name).join(" and ")} would be faulty together, and the experiment allows ${max} of the role ${role} (blastRadius)`;
  }
  return undefined;
}

function actionsOf(ready: ReadyFault, machine: StandMachine, guard: Omit<Guard, "folder">, { stand }: Site) {
  if (ready.by === "lab") {
    const { lab } = stand;
    if (!lab) throw new Error("a fault of the host, and no host");
    const inject = (): Promise<void> => carryOut(lab, machine.name, ready.inject);
    return { inject, undo: { by: "lab", call: ready.undo } as const };
  }
  const { by, at } = ready;
  const { run, faultFolder } = by === "host" ? stand.operator : at === undefined ? machine : machineOf(stand, at);
  const scripts = guarded(ready, { ...guard, folder: faultFolder });
  const inject = async (): Promise<void> => {
    const { code, stdout, stderr } = await run(scripts.inject, { deadlineMs: INJECT_DEADLINE_MS });
    const why = (stderr || stdout).trim() || `exit code ${code}`;
    if (code !== 0) throw new CommandError(`${machine.name}: the fault was not injected: ${why}`);
  };
  return { inject, undo: { by, at, script: scripts.undo } };
}
