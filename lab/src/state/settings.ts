import { existsSync } from "node:fs";
import { CommandError } from "@goldenring/run-kit";
import { RTO, type Rto, type Service } from "@goldenring/stand";
import { z } from "zod";
import type { Folders } from "../folders.ts";
import {
  DEFAULT_NETWORK,
  type Limit,
  type PlannedMachine,
  PROVISIONING,
  planAddresses,
  planMachines,
} from "../plan.ts";
import { namesOf, type TaskOptions } from "../task.ts";
import { writeInventory } from "./inventory-file.ts";
import { readJson, writeJson } from "./json-file.ts";

const Settings = z.object({
  network: z.string(),
  machines: z.array(z.string()).min(1),
  rto: z.enum(RTO),
  /** Name of the golden image under the machines' disks: a disk fits no other image. */
  image: z.string().optional(),
  /** Ports of the loopback address that the user chose, by forward. */
  ports: z.record(z.string(), z.int().min(1).max(65_535)).default({}),
  /** Machines have at least the limits of `PROVISIONING`. */
  provisioning: z.boolean(),
});
/** What a stand is, until it is destroyed. */
export type Settings = z.output<typeof Settings>;

export const readSettings = (folders: Folders): Promise<Settings | undefined> => readJson(folders.settings, Settings);

/** Writes the settings, and the inventory that follows from them. */
export function writeSettings(folders: Folders, settings: Settings): void {
  writeJson(folders.settings, settings);
  writeInventory(folders, settings.rto, settings.network, machinesOf(settings));
}

export const machinesOf = ({ network, machines }: Settings): readonly PlannedMachine[] =>
  planMachines(network, machines);

/** The machine's current limit. */
export function limitOf({ provisioning }: Settings, { limit }: PlannedMachine): Limit {
  if (!provisioning) return limit;
  return {
    cpu: Math.max(limit.cpu, PROVISIONING.cpu),
    memoryMiB: Math.max(limit.memoryMiB, PROVISIONING.memoryMiB),
  };
}

export interface UpOptions extends TaskOptions {
  /** Private IPv4 network of the machines; only for a new stand. Default: 10.88.0.0/24. */
  readonly network?: string | undefined;
  /** Names of the machines; only for a new stand. Default: all. */
  readonly machines?: readonly string[];
  /** Default: as it was; `fast` for a new stand. */
  readonly rto?: Rto | undefined;
  /** Ports of the loopback address by name (`api`, `database` …), kept for later runs; a taken one is replaced by a free one. */
  readonly ports?: Readonly<Partial<Record<Service, number>>> | undefined;
}

/**
 * The settings that the options ask for. Nothing is written: a refused request leaves nothing.
 *
 * @param newestImage for a stand without disks
 * @throws {CommandError} when the stand exists with other machines or another network
 */
export async function planSettings(folders: Folders, options: UpOptions, newestImage: string): Promise<Settings> {
  const known = await readSettings(folders);
  const { network } = planAddresses(options.network ?? known?.network ?? DEFAULT_NETWORK);
  const machines = planMachines(network, options.machines ?? known?.machines).map(({ name }) => name);
  if (known) assertSame(known, network, machines);
  const hasDisks = machines.some((name) => existsSync(folders.machine(name).disk));
  return {
    network,
    machines,
    rto: options.rto ?? known?.rto ?? "fast",
    image: (hasDisks ? known?.image : undefined) ?? newestImage,
    ports: { ...known?.ports, ...options.ports },
    provisioning: known?.provisioning ?? false,
  };
}

function assertSame(known: Settings, network: string, machines: readonly string[]): void {
  const remove = "For others, remove it first: `ring destroy`.";
  if (network !== known.network) throw new CommandError(`The stand has addresses in ${known.network}. ${remove}`);
  const names = namesOf(machinesOf(known));
  if (machines.join(", ") !== names) throw new CommandError(`The stand has the machines ${names}. ${remove}`);
}
