import { randomBytes } from "node:crypto";
import { CommandError } from "@goldenring/run-kit";
import { machineOf, type Stand, type StandMachine } from "@goldenring/stand";
import type { Experiment } from "../experiment/experiment.ts";
import type { ReadyFault, Site } from "../faults/fault.ts";
import { carryOut } from "../faults/lab-call.ts";
import { descriptionOf, type FaultUse, prepareFault } from "../faults/registry.ts";
import { guarded } from "../undo/guard.ts";
import type { OpenFault, OpenFaults } from "../undo/open-fault.ts";

/** Stopping a database in order takes a while. */
const INJECT_DEADLINE_MS = 60_000;

export interface Injection {
  readonly use: FaultUse;
  readonly machine: string;
  /** The machine ends it itself then, unless it is undone before. */
  readonly endsAfterSeconds: number;
}

export interface InjectContext {
  readonly site: Site;
  readonly open: OpenFaults;
  readonly blastRadius: Experiment["blastRadius"];
  /** Name of the run. */
  readonly run: string;
  /** Called when the undo is on disk and nothing is injected yet. */
  readonly onWritten: (fault: OpenFault) => void;
}

/**
 * Injects a fault: checks that the machine may get it, writes the undo to disk, and then injects.
 *
 * @throws when it was not injected; if its undo was written by then, it is open all the same
 */
export async function inject(infliction: Injection, context: InjectContext): Promise<void> {
  const { use, machine: name, endsAfterSeconds } = infliction;
  const { site, open, blastRadius, run, onWritten } = context;
  const machine = machineOf(site.stand, name);
  const why = beyondBlastRadius(machine, open.list(), site.stand, blastRadius);
  if (why !== undefined) throw new CommandError(`Refused: ${why}.`, "usage");
  const ready = await prepareFault(use, machine, site);
  const already = open.list().find((fault) => fault.machine === name && fault.slot === ready.slot);
  if (already) throw new CommandError(`${name} has a fault of this kind already: ${already.words}.`, "usage");
  const id = newId();
  const { inject, undo } = actionsOf(ready, machine, id, endsAfterSeconds, site);
  const fault: OpenFault = {
    version: 1,
    id,
    run,
    kind: use.fault,
    machine: name,
    slot: ready.slot,
    words: descriptionOf(use),
    writtenAt: new Date().toISOString(),
    undo,
  };
  open.write(fault);
  onWritten(fault);
  await inject();
}

/**
 * Why a machine must not get a fault, given the open ones; undefined: it may. Of each role one machine at a time may be faulty, unless the
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
    const max = allowed[role] ?? 1;
    if (ofRole.length > max)
      return `${ofRole.map((machine) => machine.name).join(" and ")} would be faulty together, and the experiment allows ${max} of the role ${role} (blastRadius)`;
  }
  return undefined;
}

interface Actions {
  readonly inject: () => Promise<void>;
  readonly undo: OpenFault["undo"];
}

function actionsOf(
  ready: ReadyFault,
  machine: StandMachine,
  id: string,
  endsAfterSeconds: number,
  { stand }: Site,
): Actions {
  if (ready.by === "lab") {
    const { lab } = stand;
    if (!lab) throw new Error("a fault of the host, and no host");
    return { inject: () => carryOut(lab, machine.name, ready.inject), undo: { by: "lab", call: ready.undo } };
  }
  const scripts = guarded(ready, { id, folder: machine.faultFolder, endsAfterSeconds });
  return {
    inject: async () => {
      const { code, stdout, stderr } = await machine.run(scripts.inject, { deadlineMs: INJECT_DEADLINE_MS });
      if (code !== 0)
        throw new CommandError(
          `${machine.name}: the fault was not injected: ${(stderr || stdout).trim() || `exit code ${code}`}`,
        );
    },
    undo: { by: "machine", script: scripts.undo },
  };
}

/** Sorts by time; two made at once differ. */
function newId(): string {
  return `${Date.now().toString(36)}-${randomBytes(4).toString("hex")}`;
}
