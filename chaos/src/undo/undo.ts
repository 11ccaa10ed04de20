import { type Attempt, machineOf, messageOf, OPERATOR, type Stand, waitFor } from "@goldenring/stand";
import { carryOut, leftAfter } from "../faults/lab-call.ts";
import { ENDED_BEFORE } from "./guard.ts";
import type { OpenFault, OpenFaults } from "./open-fault.ts";

/** Of one attempt on a machine: it may wait there for another script. */
const ATTEMPT_DEADLINE_MS = 45_000;
/** In this time a machine boots, or a lossy network lets a login through. */
const UNDO_WAIT = { deadlineMs: 180_000, everyMs: 1_000 };

/** Its value: the fault was not active any more when its undo came. */
async function tryUndo(stand: Stand, { machine, undo }: OpenFault): Promise<Attempt<boolean>> {
  const left = (what: string) => ({ missing: `${machine}: ${what}` });
  try {
    if (undo.by !== "lab") {
      const place = machineOf(stand, undo.by === "host" ? OPERATOR : (undo.at ?? machine));
      const { code, stdout, stderr } = await place.run(undo.script, { deadlineMs: ATTEMPT_DEADLINE_MS });
      if (code !== 0) return left((stderr || stdout).trim() || `exit code ${code}`);
      return { value: stdout.includes(ENDED_BEFORE) };
    }
    if (!stand.lab) return left("only the host of the machines can undo it, and it cannot be reached from here");
    await carryOut(stand.lab, machine, undo.call);
    const what = await leftAfter(stand.lab, machine, undo.call);
    return what === undefined ? { value: false } : { missing: what };
  } catch (error) {
    return left(messageOf(error));
  }
}

/** Which of the host's faults are not active any more. Asked before any is undone, because healing a machine may end faults of another. */
async function endedOfLab({ lab }: Stand, faults: readonly OpenFault[]): Promise<ReadonlySet<OpenFault>> {
  const ended = await Promise.all(
    faults.map(async (fault) => {
      if (!lab || fault.undo.by !== "lab") return [];
      const isThere = await leftAfter(lab, fault.machine, fault.undo.call).catch(() => "not known");
      return isThere === undefined ? [fault] : [];
    }),
  );
  return new Set(ended.flat());
}

/**
 * Undoes faults until the deadline: those of the host first, so that machines can be reached again; of each machine the newest first. Each is open until
 * a check shows that nothing of it is left. `endedBefore`: the fault was not active any more when its undo came.
 * @returns those that are left, and why
 */
export async function undoAll(
  stand: Stand,
  open: OpenFaults,
  faults: readonly OpenFault[],
  onUndone: (fault: OpenFault, endedBefore: boolean) => void = () => {},
) {
  // A connection to a machine that lost its power or was rebooted would only be noticed at the next command's deadline.
  stand.disconnect();
  const left: { readonly fault: OpenFault; readonly why: string }[] = [];
  const ended = await endedOfLab(stand, faults);
  const one = async (fault: OpenFault): Promise<void> => {
    try {
      const endedBefore = await waitFor(() => tryUndo(stand, fault), UNDO_WAIT);
      open.remove(fault.id);
      onUndone(fault, endedBefore || ended.has(fault));
    } catch (error) {
      left.push({ fault, why: messageOf(error) });
    }
  };
  for (const isInside of [false, true]) {
    const newestFirst = faults.filter(({ undo }) => (undo.by === "machine") === isInside).toReversed();
    const ofMachines = [...Map.groupBy(newestFirst, ({ machine }) => machine).values()];
    const undoOf = async (ofMachine: readonly OpenFault[]): Promise<void> => {
      for (const fault of ofMachine) await one(fault);
    };
    await Promise.all(ofMachines.map(undoOf));
  }
  return left;
}
