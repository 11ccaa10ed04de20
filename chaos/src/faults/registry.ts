import type { StandMachine } from "@goldenring/stand";
import * as z from "zod";
import { cpu } from "./cpu.ts";
import { cut } from "./cut.ts";
import { delay } from "./delay.ts";
import { diskFill } from "./disk-fill.ts";
import { diskIo } from "./disk-io.ts";
import type { ReadyFault, Site } from "./fault.ts";
import { freezeGuardian } from "./freeze-guardian.ts";
import { freezeUnit } from "./freeze-unit.ts";
import { killProcess } from "./kill-process.ts";
import { killUnit } from "./kill-unit.ts";
import { loss } from "./loss.ts";
import { memory } from "./memory.ts";
import { powerOff } from "./power-off.ts";
import { reboot } from "./reboot.ts";
import { restartUnit } from "./restart-unit.ts";
import { stopUnit } from "./stop-unit.ts";

/** All faults there are. The clock of a machine is never one: it would be the computer's own. */
export const FAULTS = {
  reboot,
  "power-off": powerOff,
  "stop-unit": stopUnit,
  "restart-unit": restartUnit,
  "kill-unit": killUnit,
  "kill-process": killProcess,
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

export const FaultUse = z.discriminatedUnion("fault", [
  reboot.form,
  powerOff.form,
  stopUnit.form,
  restartUnit.form,
  killUnit.form,
  killProcess.form,
  freezeUnit.form,
  freezeGuardian.form,
  loss.form,
  delay.form,
  cut.form,
  cpu.form,
  memory.form,
  diskFill.form,
  diskIo.form,
]);
/** A fault as an experiment asks for it. */
export type FaultUse = z.infer<typeof FaultUse>;

interface AnyKind {
  words(use: FaultUse): string;
  prepare(use: FaultUse, machine: StandMachine, site: Site): Promise<ReadyFault>;
}

export function wordsOf(use: FaultUse): string {
  const kind: AnyKind = FAULTS[use.fault];
  return kind.words(use);
}

/** @throws {CommandError} where it is not available here or the machine is not fit for it */
export function prepareFault(use: FaultUse, machine: StandMachine, site: Site): Promise<ReadyFault> {
  const kind: AnyKind = FAULTS[use.fault];
  return kind.prepare(use, machine, site);
}
