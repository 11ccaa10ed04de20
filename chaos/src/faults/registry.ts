import type { StandMachine } from "@goldenring/stand";
import * as z from "zod";
import { connections, etcdAlarm, switchover } from "./cluster.ts";
import { diskSlow, diskStall } from "./disks.ts";
import type { FaultKind, ReadyFault, Site } from "./fault.ts";
import { drain, killPod, rollingRestart, scale, upgrade } from "./kubernetes.ts";
import { powerOff, reboot } from "./machine.ts";
import { cut, delay, loss } from "./network.ts";
import { freezeGuardian, freezeProcess, killProcess, preventStart } from "./processes.ts";
import { cpu, diskFill, diskIo, memory } from "./resources.ts";
import { freezeUnit, killUnit, restartUnit, stopUnit } from "./units.ts";

/** All faults. The clock of a machine is never one: it would be the computer's own. */
const ALL = [
  ...([reboot, powerOff, switchover] as const),
  ...([stopUnit, restartUnit, killUnit, killProcess, preventStart, freezeUnit, freezeProcess, freezeGuardian] as const),
  ...([killPod, rollingRestart, upgrade, scale, drain] as const),
  ...([loss, delay, cut] as const),
  ...([cpu, memory, diskFill, diskIo, diskStall, diskSlow, connections, etcdAlarm] as const),
] as const;
type Kind = (typeof ALL)[number];

export const FaultUse = z.discriminatedUnion(
  "fault",
  ALL.map(({ form }) => form) as unknown as [Kind["form"], ...Kind["form"][]],
);
export type FaultUse = z.infer<typeof FaultUse>;

export const FAULTS = Object.fromEntries(ALL.map((kind) => [kind.form.shape.fault.value, kind])) as {
  readonly [Name in FaultUse["fault"]]: Kind;
};

type AnyKind = Pick<FaultKind<z.ZodObject>, "describe" | "prepare">;

/** For people, after the machine's name: `loses 30 % of what it sends`. */
export const descriptionOf = (use: FaultUse): string => (FAULTS[use.fault] as AnyKind).describe(use);

/** @throws {CommandError} where it is not available here or the machine is not fit for it */
export const prepareFault = (use: FaultUse, machine: StandMachine, site: Site): Promise<ReadyFault> =>
  (FAULTS[use.fault] as AnyKind).prepare(use, machine, site);
