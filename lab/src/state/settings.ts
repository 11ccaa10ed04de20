import { z } from "zod";
import type { Folders } from "../folders.ts";
import { DEFAULT_NETWORK, type Limit, type PlannedMachine, planMachines } from "../plan.ts";
import { readJson, writeJson } from "./json-file.ts";

export const RTO = ["fast", "norm", "safe"] as const;
export type Rto = (typeof RTO)[number];

const limit = z.object({ cpu: z.number().positive(), memoryMiB: z.number().positive() });

const settings = z.object({
  network: z.string(),
  machines: z.array(z.string()).min(1),
  rto: z.enum(RTO),
  /** Name of the golden image that the machines' layers lie on: a layer fits no other image. */
  image: z.string().optional(),
  /** Limits that were set otherwise than planned. */
  limits: z.record(z.string(), limit),
  /** Ports of the loopback address that were asked for, by what they lead to; the others have their usual ones. */
  ports: z.record(z.string(), z.int().min(1).max(65_535)).default({}),
  /** Machines may have more than their limits, for the time being. */
  provisioning: z.boolean(),
});

/** What a stand is; kept until it is destroyed. */
export type Settings = z.output<typeof settings>;

export const NEW_STAND: Omit<Settings, "machines"> = {
  network: DEFAULT_NETWORK,
  rto: "fast",
  limits: {},
  ports: {},
  provisioning: false,
};

export const readSettings = (folders: Folders): Promise<Settings | undefined> => readJson(folders.settings, settings);

export const writeSettings = (folders: Folders, value: Settings): Promise<void> => writeJson(folders.settings, value);

export function machinesOf({ network, machines }: Settings): readonly PlannedMachine[] {
  return planMachines(network, machines);
}

/** What the machine is held to now. */
export function limitOf({ limits, provisioning }: Settings, machine: PlannedMachine, least: Limit): Limit {
  const own = limits[machine.name] ?? machine.limit;
  if (!provisioning) return own;
  return { cpu: Math.max(own.cpu, least.cpu), memoryMiB: Math.max(own.memoryMiB, least.memoryMiB) };
}
