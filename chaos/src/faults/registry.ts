import type { StandMachine } from "@goldenring/stand";
import * as z from "zod";
import { cut } from "./cut.ts";
import { delay } from "./delay.ts";
import { diskFill } from "./disk-fill.ts";
import type { ReadyFault, Site } from "./fault.ts";
import { loss } from "./loss.ts";
import { powerOff, reboot } from "./power.ts";
import { freezeGuardian, killProcess, preventStart } from "./processes.ts";
import { cpu, diskIo, memory } from "./stress.ts";
import { switchover } from "./switchover.ts";
import { freezeUnit, killUnit, restartUnit, stopUnit } from "./units.ts";

/** All faults. The clock of a machine is never one: it would be the computer's own. */
export const FAULTS = {
  reboot,
  "power-off": powerOff,
  switchover,
  "stop-unit": stopUnit,
  "restart-unit": restartUnit,
  "kill-unit": killUnit,
  "kill-process": killProcess,
  "prevent-start": preventStart,
  "freeze-unit": freezeUnit,
  "freeze-guardian": freezeGuardian,
  loss,
  delay,
  cut,
  cpu,
  memory,
  "disk-fill": diskFill,
  "disk-io": diskIo,
} as const;

type Form = (typeof FAULTS)[keyof typeof FAULTS]["form"];

/** A fault as an experiment asks for it. */
export const FaultUse = z.discriminatedUnion(
  "fault",
  Object.values(FAULTS).map(({ form }) => form) as [Form, ...Form[]],
);
export type FaultUse = z.infer<typeof FaultUse>;

interface AnyKind {
  describe(use: FaultUse): string;
  prepare(use: FaultUse, machine: StandMachine, site: Site): Promise<ReadyFault>;
}

/** For people, after the machine's name: `loses 30 % of what it sends`. */
export function descriptionOf(use: FaultUse): string {
  const kind: AnyKind = FAULTS[use.fault];
  return kind.describe(use);
}

/** @throws {CommandError} where it is not available here or the machine is not fit for it */
export function prepareFault(use: FaultUse, machine: StandMachine, site: Site): Promise<ReadyFault> {
  const kind: AnyKind = FAULTS[use.fault];
  return kind.prepare(use, machine, site);
}
